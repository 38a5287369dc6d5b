import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/* A person's way from the app to messages that wait for the mail server. The customer
   "Tour Customer" has one invoice four days late: see tests/test_tour_run.py. */
registry.category("web_tour.tours").add("account_dunning_run", {
    url: "/odoo",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open the app",
            trigger: ".o-dropdown--menu .o_app[data-menu-xmlid='account_dunning.account_dunning_menu']",
            run: "click",
        },
        {
            content: "the customers come first",
            trigger: ".o_list_view .o_data_row:contains('Tour Customer')",
        },
        {
            content: "go to the runs",
            trigger: "[data-menu-xmlid='account_dunning.dunning_run_menu']",
            run: "click",
        },
        {
            trigger: ".o_breadcrumb:contains('Runs')",
        },
        {
            content: "ask for a run",
            trigger: ".o_control_panel button:contains('Run dunning'):visible",
            run: "click",
        },
        {
            content: "try it first",
            trigger: ".modal button[name='action_dry_run']",
            run: "click",
        },
        {
            content: "the dry run says who would get what",
            trigger: ".modal .o_data_row:contains('Tour Customer'):contains('First')",
        },
        {
            content: "propose",
            trigger: ".modal button[name='action_propose']",
            run: "click",
        },
        {
            content: "the proposal lists the customer",
            trigger: ".o_form_view .o_data_row:contains('Tour Customer')",
        },
        {
            content: "approve",
            trigger: "button[name='action_approve']",
            run: "click",
        },
        {
            content: "issue",
            trigger: "button[name='action_issue']",
            run: "click",
        },
        {
            content: "confirm",
            trigger: ".modal-footer button:contains('Issue')",
            run: "click",
        },
        {
            content: "the run is issued",
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='issued']",
        },
    ],
});
