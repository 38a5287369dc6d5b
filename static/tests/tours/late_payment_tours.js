import { registry } from "@web/core/registry";
import { inputFiles } from "@web/../tests/utils";

/* Late payment in a browser: a rate that was missing, a formal notice up to its legal
   dates, interest that is invoiced and compensation that is let go in part. The records
   are made by tests/test_tour_late.py. They run in English and in French: nothing here
   looks at words. */
const tours = registry.category("web_tour.tours");

const { DateTime } = luxon;

const menu = (name) => [
    {
        content: "the configuration",
        trigger:
            ".o_menu_sections [data-menu-xmlid='account_dunning.account_dunning_configuration_menu']",
        run: "click",
    },
    {
        trigger: `.o-dropdown--menu [data-menu-xmlid='account_dunning.${name}']`,
        run: "click",
    },
];

/** Choose today in a field of a date, wherever its picker opens. */
const today = (content, field) => [
    {
        content,
        trigger: `${field} input, ${field} button`,
        run: "click",
    },
    {
        trigger: ".o_datetime_picker .o_today",
        run: "click",
    },
];

tours.add("account_dunning_rate_import", {
    steps: () => [
        {
            content: "the running half-year has no rate, and the list says so",
            trigger: ".o_data_row:contains('EU_ECB') .o_data_cell[name=missing] .badge",
        },
        {
            content: "the series says what follows",
            trigger: ".o_data_row:contains('EU_ECB') .o_data_cell[name=name]",
            run: "click",
        },
        {
            trigger: ".o_form_view .alert-warning .o_field_widget[name=missing]",
        },
        ...menu("late_rate_menu"),
        {
            content: "import a file",
            trigger: ".o_list_view .o_control_panel .o_cp_action_menus button",
            run: "click",
        },
        {
            trigger: ".o-dropdown--menu .o_import_menu",
            run: "click",
        },
        {
            content: "there is a template",
            trigger: ".o_import_action a[href*='late_rates.csv']",
        },
        {
            content: "the rate of this half-year",
            trigger: ".o_control_panel .o_import_file",
            async run() {
                const now = DateTime.now();
                const day = `${now.year}-${now.month < 7 ? "01" : "07"}-01`;
                const lines = [
                    "series_id,valid_from,rate,status,source",
                    `EU_ECB,${day},3.25,yes,Official journal`,
                ];
                await inputFiles(".o_control_panel .o_input_file", [
                    new File([lines.join("\n")], "rates.csv", { type: "text/csv" }),
                ]);
            },
        },
        {
            content: "it is read as it is meant",
            trigger: ".o_import_action table:contains('Official journal')",
        },
        {
            content: "import",
            trigger: ".o_control_panel_main_buttons button.btn-secondary:first",
            run: "click",
        },
        {
            content: "the value is in the list",
            trigger: ".o_list_view .o_data_row:contains('Official journal')",
        },
        ...menu("late_rate_series_menu"),
        {
            content: "nothing is missing any more",
            trigger:
                ".o_data_row:contains('EU_ECB'):not(:has(.o_data_cell[name=missing] .badge)):contains('3')",
        },
    ],
});

const REGISTERED = ".modal .o_field_widget";

tours.add("account_dunning_formal_notice", {
    steps: () => [
        {
            content: "a point of the checklist is missing",
            trigger: ".o_form_view .alert-danger .o_field_widget[name=formal_gaps] li",
        },
        {
            content: "approving says so too",
            trigger: ".o_statusbar_buttons button[name='action_approve']",
            run: "click",
        },
        {
            trigger: ".modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "go and mend it: the link opens a tab of its own, which this one stands for",
            trigger: "body:not(:has(.modal)) .o_field_widget[name=formal_gaps] li a[target=_blank]",
            run() {
                window.location.href = this.anchor.href;
            },
            expectUnloadPage: true,
        },
        {
            content: "what was told before, elsewhere",
            trigger: ".o_form_view .o_field_widget[name=earlier_reminders] input",
            run: "edit letters of 3 March and 2 April 2026",
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_form_saved, .o_form_view:not(:has(.o_form_status_indicator_buttons:not(.invisible)))",
        },
        {
            content: "back to the notice",
            trigger: ".o_form_view .o_field_widget[name=earlier_reminders]",
            run: () => history.back(),
            expectUnloadPage: true,
        },
        {
            content: "the list of what is missing is gone",
            trigger:
                ".o_form_view:has(.o_field_widget[name=run_id]):not(:has(.o_field_widget[name=formal_gaps]:visible))",
        },
        {
            content: "approve",
            trigger: ".o_statusbar_buttons button[name='action_approve']",
            run: "click",
        },
        {
            content: "to the run",
            trigger: ".o_form_view .o_field_widget[name=run_id] a",
            run: "click",
        },
        {
            content: "issue it",
            trigger: "button[name='action_issue']:contains('1')",
            run: "click",
        },
        {
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='issued']",
        },
        {
            content: "the notice has its number",
            trigger:
                ".o_data_row:contains('Tour Debtor') button[name='get_formview_action']",
            run: "click",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=formal_number]:contains('FN/')",
        },
        {
            trigger: ".nav-link[name=deliveries]",
            run: "click",
        },
        {
            content: "its registered letter",
            trigger: ".tab-pane.active .o_data_row .o_data_cell",
            run: "click",
        },
    ],
});

tours.add("account_dunning_registered_proof", {
    steps: () => [
        {
            content: "it was printed; it goes to the post",
            trigger: ".o_statusbar_buttons button[name='action_mark_posted']",
            run: "click",
        },
        {
            content: "the slip is back",
            trigger: ".o_statusbar_buttons button[name='action_record_proof'].oe_highlight, .o_statusbar_buttons button[name='action_record_proof'].btn-primary",
            run: "click",
        },
        {
            content: "the number of the letter",
            trigger: `${REGISTERED}[name=tracking_number] input`,
            run: "edit 1A 123 456 7890 1",
        },
        ...today("the post stood at the door today", `${REGISTERED}[name=presented_on]`),
        {
            content: "nobody took it: the second of four",
            trigger: `${REGISTERED}[name=outcome] input`,
            run: "click",
        },
        {
            trigger: ".o_select_menu_menu [data-choice-index='1'], .o_field_selection_menu [data-choice-index='1']",
            run: "click",
        },
        {
            content: "what follows is said",
            trigger: ".modal .alert-info .o_field_widget[name=consequence]",
        },
        ...today("given up today", `${REGISTERED}[name=outcome_on]`),
        {
            trigger: ".modal button[name='action_save']",
            run: "click",
        },
        {
            content: "to the notice",
            trigger: "body:not(:has(.modal)) .o_form_view .o_field_widget[name=notice_id] a",
            run: "click",
        },
        {
            trigger: ".nav-link[name=deliveries]",
            run: "click",
        },
        {
            content: "the day it counts as received",
            trigger: ".tab-pane.active .o_field_widget[name=received_on]:visible",
        },
        {
            content: "the first day of interest",
            trigger: ".tab-pane.active .o_field_widget[name=interest_from]:visible",
        },
        {
            content: "the last day to pay",
            trigger: ".tab-pane.active .o_field_widget[name=legal_deadline]:visible",
        },
    ],
});

tours.add("account_dunning_debit_and_waive", {
    steps: () => [
        {
            content: "choose the interest",
            trigger:
                ".o_data_row:contains('Tour Debtor'):contains('164') .o_list_record_selector input",
            run: "click",
        },
        {
            content: "invoice it",
            trigger: ".o_control_panel button[name='action_debit_note']",
            run: "click",
        },
        {
            content: "the chart has no account for it: people are asked",
            trigger: ".modal .alert-warning:visible",
        },
        {
            trigger: ".modal .o_field_widget[name=account_id] input",
            run: "edit Tour interest",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Tour interest')",
            run: "click",
        },
        {
            trigger: ".modal button[name='action_invoice']",
            run: "click",
        },
        {
            content: "the draft says how it was counted",
            trigger:
                "body:not(:has(.modal)) .o_form_view .o_field_widget[name=invoice_line_ids] .o_data_row:contains('60')",
        },
        {
            content: "the accountant posts it",
            trigger: ".o_statusbar_buttons button[name='action_post']",
            run: "click",
        },
        {
            trigger: ".o_statusbar_status .o_arrow_button_current[data-value='posted']",
        },
        {
            content: "back to the list",
            trigger: ".o_breadcrumb .o_back_button, .breadcrumb-item:first a",
            run: "click",
        },
        {
            content: "only the compensation is open",
            trigger:
                ".o_list_view:not(:has(.o_data_row:contains('164'))) .o_data_row:contains('Tour Debtor'):contains('40') .o_list_record_selector input",
            run: "click",
        },
        {
            content: "let go of a part of it",
            trigger: ".o_control_panel button[name='action_waive']",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name=reason] :is(input, textarea)",
            run: "edit Goodwill",
        },
        {
            trigger: ".modal .o_data_row .o_data_cell[name=amount]",
            run: "click",
        },
        {
            trigger: ".modal .o_data_row .o_field_widget[name=amount] input",
            run: "edit 15",
        },
        {
            trigger: ".modal button[name='action_waive']",
            run: "click",
        },
        {
            content: "the rest stays open",
            trigger:
                "body:not(:has(.modal)) .o_list_view .o_data_row:contains('Tour Debtor'):contains('25'):contains('15')",
        },
    ],
});
