import { registry } from "@web/core/registry";

/* A credit manager's first policy: two levels as proposed, the example read, saved. */
registry.category("web_tour.tours").add("account_dunning_first_policy", {
    url: "/odoo/dunning-policies",
    steps: () => [
        {
            content: "a new policy",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "it has no levels and says what to do",
            trigger: ".o_field_widget[name='level_ids'] .alert:contains('Add the first level')",
        },
        {
            content: "name it",
            trigger: ".o_field_widget[name='name'] input",
            run: "edit Tour: first policy",
        },
        {
            content: "add the first level",
            trigger: ".o_field_widget[name='level_ids'] .o-kanban-button-new",
            run: "click",
        },
        {
            content: "it is complete as proposed",
            trigger: ".modal .o_field_widget[name='name'] input:value('Friendly reminder')",
        },
        {
            content: "save it",
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "it stands on the time line",
            trigger: ".o_dunning_timeline button[title*='3 days after the due date']",
        },
        {
            content: "the example follows, before anything is saved",
            trigger:
                ".o_field_widget[name='example_sentence']:contains('40 days late has had “Friendly reminder”')",
        },
        {
            content: "add a second level",
            trigger: ".o_field_widget[name='level_ids'] .o-kanban-button-new",
            run: "click",
        },
        {
            content: "a firmer one is proposed",
            trigger: ".modal .o_field_widget[name='name'] input:value('Firm reminder')",
        },
        {
            content: "later than the first",
            trigger: ".modal .o_field_widget[name='days'] input:value('15')",
            run: "edit 42",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            content: "an invoice 40 days late gets it soon",
            trigger:
                ".o_field_widget[name='example_sentence']:contains('40 days late would get “Firm reminder” on')",
        },
        {
            content: "open it from the time line",
            trigger: ".o_dunning_timeline button[title*='42 days after the due date']",
            run: "click",
        },
        {
            trigger: ".modal .nav-link:contains('Letter')",
            run: "click",
        },
        {
            trigger: ".modal .o_form_button_cancel",
            run: "click",
        },
        {
            content: "another example",
            trigger: "body:not(:has(.modal)) .o_field_widget[name='example_days'] input",
            run: "edit 43 && press Tab",
        },
        {
            trigger:
                ".o_field_widget[name='example_sentence']:contains('43 days late has had “Firm reminder”; the policy has nothing further')",
        },
        {
            content: "save the policy",
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "saved",
            trigger: ".o_form_saved, .o_form_status_indicator_buttons.invisible",
        },
    ],
});

/* What dunning would send in the next 90 days. "Tour Customer" has one invoice four days
   late: see tests/test_tour_policy.py. */
registry.category("web_tour.tours").add("account_dunning_preview", {
    url: "/odoo/dunning-preview",
    steps: () => [
        {
            content: "nothing is written",
            trigger: ".o_form_view:contains('Nothing is written')",
        },
        {
            content: "ask",
            trigger: "button[name='action_compute']:visible",
            run: "click",
        },
        {
            content: "the weeks and the levels",
            trigger: ".o_dunning_matrix th:contains('First')",
        },
        {
            content: "weeks down to the total",
            trigger: ".o_dunning_matrix tbody tr:contains('Total')",
        },
        {
            content: "a cell opens its messages",
            trigger: ".o_dunning_matrix tbody tr:first button:first",
            run: "click",
        },
        {
            trigger: ".o_list_view .o_data_row:contains('Tour Customer'):contains('First')",
        },
        {
            content: "back to the preview",
            trigger: ".o_back_button",
            run: "click",
        },
        {
            content: "all customers",
            trigger: "button[name='action_view_customers']",
            run: "click",
        },
        {
            content: "one group per customer",
            trigger: ".o_list_view .o_group_header:contains('Tour Customer')",
            run: "click",
        },
        {
            content: "the pivot table",
            trigger: ".o_switch_view.o_pivot",
            run: "click",
        },
        {
            trigger: ".o_pivot_view .o_pivot table",
        },
    ],
});
