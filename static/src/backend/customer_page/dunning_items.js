import { Component, onWillStart, useState } from "@odoo/owl";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { user } from "@web/core/user";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";
import { standardFieldProps } from "@web/views/fields/standard_field_props";

const COLLECTOR = "account_dunning.group_account_dunning_user";

const SHOWN = 80; // items; the rest on demand, so that a long account opens at once

/* Each chip says in words what it means; its colour only underlines it. */
const CHIP_CLASSES = {
    overdue: "text-bg-danger",
    not_due: "border text-muted",
    manual: "text-bg-warning",
    dispute: "text-bg-warning",
    promise: "text-bg-info",
    excluded: "text-bg-secondary",
    blocked: "text-bg-secondary",
    credit: "text-bg-success",
    reminded: "border text-muted",
};

/* As in lists of notices: the firmer, the warmer. */
const TONE_CLASSES = {
    firm: "text-bg-warning",
    final: "text-bg-warning",
    formal: "text-bg-danger",
};

/**
 * The open items of a customer, with boxes to tick and what can be done about them.
 *
 * The actions are methods of the profile that take the ids of the ticked items; none
 * ticked stands for everything overdue, which the bar says.
 */
export class DunningItems extends Component {
    static template = "account_dunning.Items";
    static props = { ...standardFieldProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.ui = useService("ui");
        this.state = useState({
            ticked: {},
            busy: false,
            sort: "due_date",
            ascending: true,
            limit: SHOWN,
        });
        onWillStart(async () => {
            this.isCollector = await user.hasGroup(COLLECTOR);
        });
    }

    // --- what is shown ---

    get items() {
        const items = [...(this.props.record.data[this.props.name] || [])];
        const { sort, ascending } = this.state;
        const direction = ascending ? 1 : -1;
        // the server's order (oldest due date first) stands among equals
        return items.sort(
            (a, b) => direction * ((a[sort] > b[sort]) - (a[sort] < b[sort]))
        );
    }

    get shownItems() {
        return this.items.slice(0, this.state.limit);
    }

    get hiddenLabel() {
        const hidden = this.items.length - this.state.limit;
        return hidden > 0 ? _t("Show %s more items", hidden) : "";
    }

    toneClass(item) {
        return TONE_CLASSES[item.tone] || "text-bg-info";
    }

    get tickedItems() {
        return this.items.filter((item) => this.state.ticked[item.id]);
    }

    get overdueItems() {
        return this.items.filter((item) => item.overdue);
    }

    get allTicked() {
        return this.tickedItems.length === this.items.length;
    }

    /** What the buttons act on, in words. */
    get scope() {
        const ticked = this.tickedItems;
        const items = ticked.length ? ticked : this.overdueItems;
        const values = {
            count: items.length,
            amount: this.company(
                items.reduce((sum, item) => sum + item.residual_company, 0)
            ),
        };
        if (ticked.length) {
            return _t("Ticked: %(count)s item(s), %(amount)s", values);
        }
        if (items.length) {
            return _t("Nothing ticked: all overdue, %(count)s item(s), %(amount)s", values);
        }
        return _t("Nothing is overdue. Tick items to act on them.");
    }

    get isEmpty() {
        return !this.tickedItems.length && !this.overdueItems.length;
    }

    /** Whether the ticked items are excluded already, so that they can come back. */
    get includes() {
        const ticked = this.tickedItems;
        return ticked.length > 0 && ticked.every((item) => item.excluded);
    }

    chipClass(chip) {
        return CHIP_CLASSES[chip.kind] || "text-bg-secondary";
    }

    date(value) {
        return value ? formatDate(deserializeDate(value)) : "";
    }

    money(amount, currencyId) {
        return formatMonetary(amount, { currencyId });
    }

    company(amount) {
        return this.money(amount, this.props.record.data.currency_id.id);
    }

    late(item) {
        return item.days_late ? _t("%s days late", item.days_late) : "";
    }

    tickLabel(item) {
        return _t("Tick %s", item.name);
    }

    sortIcon(name) {
        if (this.state.sort !== name) {
            return "";
        }
        return this.state.ascending ? "fa fa-caret-up" : "fa fa-caret-down";
    }

    ariaSort(name) {
        if (this.state.sort !== name) {
            return "none";
        }
        return this.state.ascending ? "ascending" : "descending";
    }

    // --- what is done ---

    sortBy(name) {
        this.state.ascending = this.state.sort === name ? !this.state.ascending : true;
        this.state.sort = name;
    }

    toggle(item) {
        this.state.ticked[item.id] = !this.state.ticked[item.id];
    }

    toggleAll() {
        const value = !this.allTicked;
        for (const item of this.items) {
            this.state.ticked[item.id] = value;
        }
    }

    showAll() {
        this.state.limit = this.items.length;
    }

    openInvoice(item) {
        return this.action.doAction({
            type: "ir.actions.act_window",
            res_model: "account.move",
            res_id: item.move_id,
            views: [[false, "form"]],
        });
    }

    /**
     * Call a method of the profile for the ticked items and do what it answers.
     *
     * One at a time: while one is under way the buttons are off, so that a second click
     * sends nothing.
     */
    async act(method, ...args) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        const { record } = this.props;
        try {
            if ((await record.isDirty()) && !(await record.save())) {
                return;
            }
            const ids = this.tickedItems.map((item) => item.id);
            const action = await this.orm.call(record.resModel, method, [
                [record.resId],
                ...(method === "action_statement" ? [] : [ids]),
                ...args,
            ]);
            await this.action.doAction(action, { onClose: () => this.reload() });
            if (action.type === "ir.actions.client") {
                await this.reload();
            }
        } finally {
            this.state.busy = false;
        }
    }

    async reload() {
        const { record } = this.props;
        await record.load(); // ticks stay: what was excluded can be taken back at once
        this.env.bus.trigger("MAIL:RELOAD-THREAD", {
            model: record.resModel,
            id: record.resId,
        });
    }
}

registry.category("fields").add("dunning_items", {
    component: DunningItems,
    displayName: _t("Open items of a customer"),
    supportedTypes: ["json"],
});
