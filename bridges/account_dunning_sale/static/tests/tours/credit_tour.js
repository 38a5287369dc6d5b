import { registry } from "@web/core/registry";

/* The whole path: an order is held, its release asked for, given by another person, the
   order confirmed; money comes, and the next order passes. One tour per person and
   place, see tests/test_tour_credit.py. They run in English and in French: nothing here
   looks at words. */
const tours = registry.category("web_tour.tours");

tours.add("account_dunning_credit_ask", {
    steps: () => [
        {
            content: "the quotation says beforehand what would happen",
            trigger: ".o_form_view .o_credit_warning div[name='credit_sentence']:contains('300')",
        },
        {
            content: "confirm",
            trigger: ".o_statusbar_buttons button[name='action_confirm']:visible",
            run: "click",
        },
        {
            content: "it is held, with the figures",
            trigger: ".o_form_view .o_credit_held div[name='credit_sentence']:contains('300')",
        },
        {
            content: "a message says the same",
            trigger: ".o_notification:contains('300')",
        },
        {
            content: "ask for a release",
            trigger: ".o_credit_held button[name='action_credit_request']",
            run: "click",
        },
        {
            content: "say why",
            trigger: ".modal div[name='reason'] textarea",
            run: "edit Paid by Friday",
        },
        {
            trigger: ".modal footer button[name='action_confirm']:visible",
            run: "click",
        },
        {
            content: "it waits for somebody",
            trigger:
                ".o_form_view .o_credit_held:not(:has(button[name='action_credit_request'])) div[name='credit_advice']:contains('tour_manager')",
        },
    ],
});

tours.add("account_dunning_credit_decide", {
    steps: () => [
        {
            content: "the facts stand on the release",
            trigger: ".o_form_view div[name='sentence']:contains('300')",
        },
        {
            content: "and the reason",
            trigger: ".o_form_view div[name='reason']:contains('Paid by Friday')",
        },
        {
            trigger: ".o_statusbar_buttons button[name='action_approve']",
            run: "click",
        },
        {
            content: "yes",
            trigger: ".modal footer .btn-primary",
            run: "click",
        },
        {
            trigger: ".o_form_view:not(:has(button[name='action_approve']))",
        },
    ],
});

tours.add("account_dunning_credit_confirm", {
    steps: () => [
        {
            content: "the order says that it was released",
            trigger: ".o_form_view .o_credit_released",
        },
        {
            trigger: ".o_statusbar_buttons button[name='action_confirm']:visible",
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_arrow_button_current[data-value='sale'], .o_form_view .o_statusbar_status button[data-value='sale'][aria-checked='true']",
        },
    ],
});

tours.add("account_dunning_credit_pay", {
    steps: () => [
        {
            trigger: ".o_statusbar_buttons button[name='action_register_payment']:visible",
            run: "click",
        },
        {
            trigger: ".modal footer button[name='action_create_payments']:visible",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) .o_form_view",
        },
        {
            trigger: "body:not(:has(.o_statusbar_buttons button[name='action_register_payment']))",
        },
    ],
});

tours.add("account_dunning_credit_next", {
    steps: () => [
        {
            content: "nothing holds it",
            trigger: ".o_form_view:not(:has(.o_credit_held)):not(:has(.o_credit_warning))",
        },
        {
            trigger: ".o_statusbar_buttons button[name='action_confirm']:visible",
            run: "click",
        },
        {
            trigger:
                ".o_form_view .o_arrow_button_current[data-value='sale'], .o_form_view .o_statusbar_status button[data-value='sale'][aria-checked='true']",
        },
    ],
});
