import { registry } from "@web/core/registry";
import { stepUtils } from "@web_tour/tour_utils";

/* The morning of a collector: from the list to the last customer. "Alpha" owes more than
   "Beta", both for more than 45 days, nobody talked to them; "Gamma" is none of their
   business: see tests/test_tour_collect.py. */
registry.category("web_tour.tours").add("account_dunning_collect", {
    url: "/odoo",
    steps: () => [
        stepUtils.showAppsMenuItem(),
        {
            content: "open the app",
            trigger: ".o-dropdown--menu .o_app[data-menu-xmlid='account_dunning.account_dunning_menu']",
            run: "click",
        },
        {
            content: "the figures say how many customers there are to contact",
            trigger: ".o_credit_figures button[name='collect']:contains('2')",
        },
        {
            content: "the customers who need somebody stand in their group",
            trigger: ".o_group_header:contains('Act now (2)')",
        },
        {
            content: "the most urgent one comes first, and says why",
            trigger: ".o_data_row:eq(0):contains('Tour Alpha'):contains('45 days crossed')",
        },
        {
            content: "who needs nobody is not on the list",
            trigger: ".o_list_view:not(:contains('Tour Gamma'))",
        },
        {
            content: "a figure is a filter",
            trigger: ".o_credit_figures button[name='collect']",
            run: "click",
        },
        {
            trigger: ".o_facet_value:contains('To collect today')",
        },
        {
            content: "open the first customer",
            trigger: ".o_data_row:contains('Tour Alpha') td[name='partner_id']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_breadcrumb:contains('Tour Alpha')",
        },
        {
            content: "done, from the keyboard",
            trigger: ".o_form_view",
            run: "press Alt+y",
        },
        {
            content: "the next customer comes by itself",
            trigger: ".o_form_view .o_breadcrumb:contains('Tour Beta')",
        },
        {
            content: "done as well",
            trigger: ".o_credit_done_next",
            run: "click",
        },
        {
            content: "after the last one the list is back, and empty of work",
            trigger: ".o_credit_figures button[name='collect']:contains('0')",
        },
        {
            trigger: ".o_group_header:contains('Waiting for the customer (2)')",
        },
    ],
});
