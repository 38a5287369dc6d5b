import { Component, useState } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { useEachReading } from "./each_reading";

const STEP = 50;

/* What each kind of entry is, in words: the icon's title, read to whom sees none. */
const KINDS = {
    notice: ["fa-file-text-o", _t("Notice")],
    delivery_email: ["fa-envelope-o", _t("E-mail")],
    delivery_letter: ["fa-print", _t("Letter")],
    delivery_registered: ["fa-certificate", _t("Registered letter")],
    delivery_call: ["fa-phone", _t("Call to make")],
    call: ["fa-phone", _t("Call")],
    payment: ["fa-money", _t("Payment")],
    credit_note: ["fa-undo", _t("Credit note")],
    hold: ["fa-pause", _t("Pause")],
    hold_ended: ["fa-play", _t("Pause ended")],
    reply: ["fa-reply", _t("Reply")],
    message: ["fa-envelope", _t("Message")],
    note: ["fa-sticky-note-o", _t("Note")],
};

/** What happened with a customer, newest first, by day. */
export class DunningTimeline extends Component {
    static template = "account_dunning.Timeline";
    static props = { ...standardWidgetProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.asked = 0; // questions so far
        this.wanted = { kind: "all", limit: STEP };
        this.state = useState({ entries: [], more: false, ...this.wanted, busy: false });
        // filtered as it was
        useEachReading((record) =>
            this.fetch(this.wanted.kind, this.wanted.limit, record)
        );
    }

    get filters() {
        return [
            ["all", _t("All")],
            ["messages", _t("Messages")],
            ["calls", _t("Calls")],
            ["payments", _t("Payments")],
        ];
    }

    /** The entries by day: [[day in words, entries], ...]. */
    get days() {
        const days = [];
        for (const entry of this.state.entries) {
            const day = formatDate(deserializeDate(entry.day));
            if (!days.length || days.at(-1)[0] !== day) {
                days.push([day, []]);
            }
            days.at(-1)[1].push(entry);
        }
        return days;
    }

    kindOf(entry) {
        const [icon, label] = KINDS[entry.kind] || ["fa-circle-o", entry.kind];
        return { icon, label: String(label) };
    }

    money(entry) {
        return formatMonetary(entry.amount, { currencyId: entry.currency_id });
    }

    /** Only the answer to the last question counts: an earlier one may come later. */
    async fetch(kind, limit, record = this.props.record) {
        const asked = ++this.asked;
        this.wanted = { kind, limit };
        this.state.busy = true;
        try {
            const timeline = await this.orm.call(
                record.resModel,
                "get_timeline",
                [[record.resId]],
                { kind, limit }
            );
            if (asked === this.asked) {
                Object.assign(this.state, timeline);
            }
        } finally {
            if (asked === this.asked) {
                this.wanted = { kind: this.state.kind, limit: this.state.limit };
                this.state.busy = false;
            }
        }
    }

    filter(kind) {
        return this.fetch(kind, STEP);
    }

    showOlder() {
        return this.fetch(this.state.kind, this.state.limit + STEP);
    }

    open(entry) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: entry.link.model,
            res_id: entry.link.id,
            views: [[false, "form"]],
        });
    }
}

registry.category("view_widgets").add("dunning_timeline", {
    component: DunningTimeline,
});
