import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { deserializeDateTime } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { useService } from "@web/core/utils/hooks";
import { formatMonetary } from "@web/views/fields/formatters";

/**
 * What stands above a list of customers: figures that are filters as well, and how fresh
 * they are. Read anew each time the list is.
 */
export class ListFigures extends Component {
    static props = { list: Object };

    /** The method of `credit.profile` that gives the figures. */
    static method = "";
    /** Names of the filters the list begins with. */
    static usual = [];

    setup() {
        this.orm = useService("orm");
        this.state = useState({ busy: false });
        onWillStart(() => this.load());
        onWillUpdateProps(() => this.load());
    }

    async load() {
        this.figures = await this.orm.call("credit.profile", this.constructor.method);
    }

    /** An amount without cents; nothing where companies of several currencies are seen. */
    money(amount, currencyId) {
        return currencyId ? formatMonetary(amount, { currencyId, digits: [16, 0] }) : "";
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
        const names = this.isActive(name) ? this.constructor.usual : [name];
        const items = searchModel.getSearchItems((item) => names.includes(item.name));
        searchModel.query = [];
        for (const item of items) {
            searchModel.toggleSearchItem(item.id);
        }
    }

    /** Say that something is under way while it is. */
    async busy(act) {
        this.state.busy = true;
        try {
            await act();
        } finally {
            this.state.busy = false;
        }
    }

    refresh() {
        return this.busy(async () => {
            await this.orm.call("credit.profile", "action_refresh_worklist");
            await this.props.list.model.load();
        });
    }
}
