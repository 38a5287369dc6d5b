import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/* A person's way from the app to messages that were handed over: propose, look, exclude
   one with a reason, approve, issue, send. "Tour Customer" and "Tour Friend" have one
   invoice each, four days late: see tests/test_tour_run.py. */
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
            content: "the worklist comes first, and says how to start",
            trigger: ".o_credit_start button:contains('Run dunning')",
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
            content: "the proposal is counted by level",
            trigger: ".o_field_widget[name='level_table'] td:contains('First')",
        },
        {
            content: "open one of them",
            trigger: ".o_data_row:contains('Tour Customer') button[name='get_formview_action']",
            run: "click",
        },
        {
            content: "look at what the customer will get",
            trigger: ".nav-link[name='preview']",
            run: "click",
        },
        {
            content: "the e-mail",
            trigger: ".o_field_widget[name='preview_subject']:contains('Reminder')",
        },
        {
            content: "its words",
            trigger: ".o_field_widget[name='preview_body'] iframe",
            run() {
                const text = this.anchor.contentDocument.body.textContent;
                if (!text.includes("Please pay.")) {
                    throw new Error("the preview does not show the e-mail");
                }
            },
        },
        {
            content: "back to the run",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item:last a",
            run: "click",
        },
        {
            content: "exclude the friend",
            trigger: ".o_data_row:contains('Tour Friend') button[name='action_open_exclude']",
            run: "click",
        },
        {
            content: "for a usual reason",
            trigger: ".modal .o_field_widget[name='reason'] label:contains('promised')",
            run: "click",
        },
        {
            content: "in a few words",
            trigger: ".modal .o_field_widget[name='note'] input",
            run: "edit for Friday",
        },
        {
            trigger: ".modal-footer button[name='action_exclude']",
            run: "click",
        },
        {
            content: "one is left to approve",
            trigger: "body:not(:has(.modal)) button[name='action_approve']:contains('1')",
            run: "click",
        },
        {
            content: "issue it",
            trigger: "button[name='action_issue']:contains('1')",
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
        {
            content: "the bar says how far it is",
            trigger: ".o_field_widget[name='progress'] [role='progressbar'][aria-label='Issued'][aria-valuenow='100']",
        },
        {
            content: "send it",
            trigger: "button[name='action_send']:contains('1')",
            run: "click",
        },
        {
            content: "confirm",
            trigger: ".modal-footer button:contains('Send')",
            run: "click",
        },
        {
            content: "it was handed over",
            trigger: ".o_notification:contains('1 messages handed over')",
        },
        {
            content: "what happened is in the log",
            trigger: ".nav-link[name='log']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name='log'] td:contains('1 issued')",
        },
    ],
});
