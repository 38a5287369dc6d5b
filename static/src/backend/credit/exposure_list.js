import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";
import { kanbanView } from "@web/views/kanban/kanban_view";
import { KanbanRenderer } from "@web/views/kanban/kanban_renderer";
import { listView } from "@web/views/list/list_view";
import { ListRenderer } from "@web/views/list/list_renderer";

/** What stands above the list of exposures: four figures that are filters as well. */
export class ExposureFigures extends Component {
    static template = "account_dunning.ExposureFigures";
    static props = { list: Object };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ busy: false });
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        this.figures = await this.orm.call("credit.profile", "get_exposure_figures");
    }

    money(amount) {
        const { currency_id } = this.figures;
        return currency_id
            ? formatMonetary(amount, { currencyId: currency_id, digits: [16, 0] })
            : "";
    }

    get cards() {
        const { over, near, top, reviews } = this.figures;
        return [
            {
                filter: "over",
                icon: "fa-ban",
                label: _t("Over the limit"),
                value: over.count,
                detail: over.count ? this.money(over.amount) : "",
                help: _t("Customers who owe more than their limit, and how much more"),
            },
            {
                filter: "near",
                icon: "fa-exclamation-triangle",
                label: _t("Near the limit"),
                value: near,
                help: _t("Customers whose use of the limit has reached a warning"),
            },
            {
                filter: "top",
                icon: "fa-pie-chart",
                label: _t("With the ten biggest"),
                value: top === null ? "–" : `${Math.round(top)} %`,
                help: _t("Share of the ten customers who owe most in the whole exposure"),
            },
            {
                filter: "review_due",
                icon: "fa-calendar-check-o",
                label: _t("Reviews due"),
                value: reviews,
                help: _t("Customers whose next credit review is due"),
            },
        ].map((card) => ({ ...card, active: this.isActive(card.filter) }));
    }

    get total() {
        const amount = this.money(this.figures.exposure);
        return amount ? _t("Exposure of all customers: %s", amount) : "";
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
        const names = this.isActive(name) ? ["owing"] : [name];
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
}

export class ExposureListRenderer extends ListRenderer {
    static template = "account_dunning.ExposureListRenderer";
    static components = { ...ListRenderer.components, ExposureFigures };
}

export class ExposureKanbanRenderer extends KanbanRenderer {
    static template = "account_dunning.ExposureKanbanRenderer";
    static components = { ...KanbanRenderer.components, ExposureFigures };
}

registry.category("views").add("credit_exposure_list", {
    ...listView,
    Renderer: ExposureListRenderer,
});
registry.category("views").add("credit_exposure_kanban", {
    ...kanbanView,
    Renderer: ExposureKanbanRenderer,
});
