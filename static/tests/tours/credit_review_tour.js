import { registry } from "@web/core/registry";

/* A credit review from its beginning to the decision: a collector prepares and proposes,
   a credit manager decides. "Tour Reviewed" is a customer nobody has reviewed yet, see
   tests/test_tour_credit_review.py. They run in English and in French: nothing here looks
   at words. */
const tours = registry.category("web_tour.tours");

const SOURCE = ".o_field_widget[name=source_ids]";

tours.add("account_dunning_review_prepare", {
    steps: () => [
        {
            content: "begin a review from the customer's page",
            trigger: ".o_form_view button[name='action_review']:visible",
            run: "click",
        },
        {
            content: "the customer is there, and who prepares it",
            trigger: ".o_form_view:contains('Tour Reviewed') .o_field_widget[name=user_id]",
        },
        {
            content: "the books have spoken already",
            trigger: ".o_field_widget[name=facts_text]:contains('900')",
        },
        {
            content: "nothing can be decided yet",
            trigger: "body:not(:has(.o_field_widget[name=decided_class_id]))",
        },
        {
            content: "proposing without having looked anywhere says what is missing",
            trigger: ".o_statusbar_buttons button[name='action_propose']",
            run: "click",
        },
        {
            trigger: ".o_error_dialog .modal-footer button, .modal .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "when the registry was looked at",
            trigger: `body:not(:has(.modal)) ${SOURCE} .o_data_row:first .o_data_cell[name=looked_on]`,
            run: "click",
        },
        {
            trigger: `${SOURCE} .o_data_row:first .o_field_widget[name=looked_on] input, ${SOURCE} .o_data_row:first .o_field_widget[name=looked_on] button`,
            run: "click",
        },
        {
            content: "today",
            trigger: ".o_datetime_picker .o_today",
            run: "click",
        },
        {
            content: "what it says",
            trigger: `${SOURCE} .o_data_row:first .o_field_widget[name=note] input`,
            run: "edit Founded in 1998",
        },
        {
            content: "what was found",
            trigger: ".o_field_widget[name=findings] .odoo-editor-editable",
            run: "editor Sound, but small",
        },
        {
            content: "which class is proposed",
            trigger: ".o_field_widget[name=proposed_class_id] input",
            run: "edit Tour class",
        },
        {
            trigger: ".o-autocomplete--dropdown-item:contains('Tour class')",
            run: "click",
        },
        {
            content: "with a limit of its own, the second of three",
            trigger: ".o_field_widget[name=proposed_limit_kind] input",
            run: "click",
        },
        {
            trigger: ".o_field_selection_menu [data-choice-index='1']",
            run: "click",
        },
        {
            trigger: ".o_field_widget[name=proposed_limit] input",
            run: "edit 5000",
        },
        {
            content: "hand it over",
            trigger: ".o_statusbar_buttons button[name='action_propose']",
            run: "click",
        },
        {
            content: "it is with the credit manager; this user cannot decide",
            trigger: ".o_form_view:not(:has(button[name='action_decide'])) .alert-info",
        },
        {
            trigger: ".o_form_view .o_field_widget[name=decided_class_id].o_readonly_modifier",
        },
    ],
});

tours.add("account_dunning_review_decide", {
    steps: () => [
        {
            content: "what the collector found",
            trigger: ".o_form_view .o_field_widget[name=findings]:contains('Sound, but small')",
        },
        {
            content: "the proposal is the decision until somebody changes it",
            trigger: ".o_field_widget[name=decided_class_id] input:value('Tour class')",
        },
        {
            content: "the manager gives less",
            trigger: ".o_field_widget[name=decided_limit] input",
            run: "edit 4000",
        },
        {
            content: "and says why",
            trigger: ".o_field_widget[name=decision_note] textarea",
            run: "edit Half a year on trial",
        },
        {
            content: "decide",
            trigger: ".o_statusbar_buttons button[name='action_decide']",
            run: "click",
        },
        {
            content: "it cannot be changed afterwards: yes",
            trigger: ".modal footer .btn-primary",
            run: "click",
        },
        {
            content: "decided, and closed",
            trigger: ".o_form_view .o_field_widget[name=decided_class_id].o_readonly_modifier",
        },
        {
            content: "there is a paper of it",
            trigger: ".o_statusbar_buttons button[name='action_print']:visible",
        },
        {
            content: "on to the customer",
            trigger: "button[name='action_view_profile']:visible",
            run: "click",
        },
        {
            trigger: ".o_form_view .nav-link[name=credit]",
            run: "click",
        },
        {
            content: "the limit holds already",
            trigger: ".tab-pane.active .o_credit_bar:contains('900'):contains('000')",
        },
    ],
});
