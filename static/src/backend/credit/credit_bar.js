import { Component, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { useEachReading } from "../customer_page/each_reading";

const COLORS = {
    open_items: "bg-primary",
    drafts: "bg-info",
    orders: "bg-warning",
    others: "bg-secondary",
};

// what shows the documents behind a part
const ACTIONS = {
    open_items: "action_view_exposure_open",
    credits: "action_view_exposure_credits",
    pending: "action_view_exposure_pending",
    drafts: "action_view_exposure_drafts",
    orders: "action_view_exposure_orders",
    others: "action_view_pool",
};

/**
 * How much of a credit limit is used, and by what. Everything the colours say is said in
 * words below the bar; each part leads to the documents behind it.
 */
export class CreditBar extends Component {
    static template = "account_dunning.CreditBar";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
    }

    get bar() {
        return this.props.record.data[this.props.name];
    }

    money(amount) {
        return formatMonetary(amount, { currencyId: this.bar.currency_id });
    }

    get labels() {
        return {
            open_items: _t("Open items"),
            credits: _t("Unallocated credits"),
            pending: _t("Payments on their way"),
            drafts: _t("Draft invoices"),
            orders: _t("Orders to invoice"),
            others: _t("Customers sharing the limit"),
        };
    }

    /** Parts that are not zero; credits are taken off the open items in the bar. */
    get parts() {
        const { parts, used, limit } = this.bar;
        const deducted = parts.credits + parts.pending;
        const scale = Math.max(used, limit || 0, 1);
        let rest = -deducted;
        return Object.entries(this.labels)
            .filter(([name]) => parts[name])
            .map(([name, label]) => {
                const amount = parts[name];
                const off = Math.min(rest, Math.max(amount, 0));
                rest -= off;
                const width = Math.max((100 * (amount - off)) / scale, 0);
                return {
                    name,
                    label,
                    width,
                    color: COLORS[name],
                    text: this.money(amount),
                };
            });
    }

    /** Where the limit is on the bar, when more than it is used. */
    get mark() {
        const { used, limit } = this.bar;
        return limit !== null && used > limit ? (100 * limit) / used : null;
    }

    get headline() {
        const { used, limit, percent } = this.bar;
        if (limit === null) {
            return _t("%(used)s used, no limit", { used: this.money(used) });
        }
        if (!limit) {
            return _t("%(used)s used, nothing on account", { used: this.money(used) });
        }
        return _t("%(used)s of %(limit)s used (%(percent)s %)", {
            used: this.money(used),
            limit: this.money(limit),
            percent: percent >= 999 ? "> 999" : Math.round(percent),
        });
    }

    get free() {
        const { free } = this.bar;
        if (free === null) {
            return "";
        }
        return free < 0
            ? _t("%s over the limit", this.money(-free))
            : _t("%s free", this.money(free));
    }

    get freeClass() {
        return (
            { over: "text-bg-danger", high: "text-bg-warning", warn: "text-bg-warning" }[
                this.bar.band
            ] || "text-bg-success"
        );
    }

    get freeIcon() {
        return { over: "fa-ban", high: "fa-exclamation-triangle", warn: "fa-exclamation-triangle" }[
            this.bar.band
        ];
    }

    get source() {
        return {
            own: _t("Own limit"),
            temporary: _t("Temporary limit"),
            class: _t("Limit of the class"),
            pool: _t("Shared limit"),
        }[this.bar.source];
    }

    async open(part) {
        this.action.doAction(
            await this.orm.call("credit.profile", ACTIONS[part], [this.bar.profile_id])
        );
    }
}

/** The same on the customer's page, asked for when its tab is opened. */
export class CreditBarOnDemand extends CreditBar {
    static props = { ...standardWidgetProps };

    setup() {
        super.setup();
        this.state = useState({ bar: false });
        useEachReading(async (record) => {
            this.state.bar = await this.orm.call(record.resModel, "get_credit_bar", [
                [record.resId],
            ]);
        });
    }

    get bar() {
        return this.state.bar;
    }
}

/** The figures a credit review goes by: a row of labels and values. */
export class CreditFacts extends Component {
    static template = "account_dunning.CreditFacts";
    static props = { ...standardFieldProps };
}

/** A score with the factors that made most of it. */
export class CreditScoreBrief extends Component {
    static template = "account_dunning.CreditScoreBrief";
    static props = { ...standardFieldProps };

    get brief() {
        return this.props.record.data[this.props.name];
    }

    points(factor) {
        return factor.points > 0 ? `+${factor.points}` : `−${-factor.points}`;
    }
}

const fields = registry.category("fields");
fields.add("credit_score_brief", {
    component: CreditScoreBrief,
    displayName: _t("Score with its strongest factors"),
    supportedTypes: ["json"],
});
fields.add("credit_bar", {
    component: CreditBar,
    displayName: _t("Credit limit in use"),
    supportedTypes: ["json"],
});
fields.add("credit_facts", {
    component: CreditFacts,
    displayName: _t("Figures"),
    supportedTypes: ["json"],
});
registry.category("view_widgets").add("credit_bar", { component: CreditBarOnDemand });
