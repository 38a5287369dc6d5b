import { Component, onMounted, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDate, deserializeDateTime } from "@web/core/l10n/dates";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";

/**
 * What stands above the worklist: four figures that are filters as well, how fresh the
 * bank data are, and what a company that never reminded anybody can do next.
 */
export class WorklistFigures extends Component {
    static template = "account_dunning.WorklistFigures";
    static props = { list: Object };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.notification = useService("notification");
        this.state = useState({ busy: false });
        onWillStart(() => this.load());
        onMounted(() => this.figures.reload && this.props.list.model.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        this.figures = await this.orm.call("credit.profile", "get_worklist_figures");
    }

    get cards() {
        const { collect, holds, failed, approval } = this.figures;
        const amount = collect.currency_id
            ? formatMonetary(collect.amount, {
                  currencyId: collect.currency_id,
                  digits: [16, 0],
              })
            : "";
        return [
            {
                filter: "collect",
                icon: "fa-phone",
                label: _t("To collect today"),
                count: collect.count,
                detail: amount,
                help: _t("Customers somebody has to contact today, and what can be asked for"),
            },
            {
                filter: "hold_alert",
                icon: "fa-pause-circle-o",
                label: _t("Pauses over or ending"),
                count: holds,
                help: _t("A pause ends today, or is over and the debt is not paid"),
            },
            {
                filter: "failed",
                icon: "fa-exclamation-triangle",
                label: _t("Failed deliveries"),
                count: failed,
                help: _t("Customers with an address that did not work"),
            },
            {
                filter: "approval",
                icon: "fa-check-square-o",
                label: _t("Waiting for approval"),
                count: approval,
                help: _t("Customers with a proposed message that nobody has approved yet"),
            },
        ].map((card) => ({ ...card, active: this.isActive(card.filter) }));
    }

    get bank() {
        const { bank } = this.figures;
        if (!bank) {
            return _t("No bank statements in Odoo");
        }
        const date = deserializeDate(bank.date).toLocaleString({
            day: "numeric",
            month: "short",
            year: "numeric",
        });
        return bank.unmatched
            ? _t("Bank up to %(date)s, %(count)s line(s) unmatched", {
                  date,
                  count: bank.unmatched,
              })
            : _t("Bank up to %(date)s, all matched", { date });
    }

    get refreshed() {
        const { refreshed_at } = this.figures;
        return refreshed_at
            ? _t("Figures as of %s", deserializeDateTime(refreshed_at).toRelative())
            : _t("Figures not computed yet");
    }

    isActive(name) {
        const { searchModel } = this.env;
        return Boolean(searchModel.getSearchItems((i) => i.name === name && i.isActive).length);
    }

    /** A click shows the filter alone; a second one goes back to the whole list. */
    toggle(name) {
        const { searchModel } = this.env;
        const names = this.isActive(name) ? ["todo", "group_work"] : [name];
        const items = searchModel.getSearchItems((item) => names.includes(item.name));
        searchModel.query = [];
        for (const item of items) {
            searchModel.toggleSearchItem(item.id);
        }
    }

    async refresh() {
        this.state.busy = true;
        try {
            await this.orm.call("credit.profile", "action_refresh_worklist");
            await this.props.list.model.load();
        } finally {
            this.state.busy = false;
        }
    }

    /** What a new company does next: see the methods of that name. */
    async start(method) {
        this.state.busy = true;
        try {
            await this.action.doAction(await this.orm.call("credit.profile", method));
        } finally {
            this.state.busy = false;
        }
    }
}
