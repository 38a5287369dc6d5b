import { useRecordObserver } from "@web/model/relational_model/utils";

/**
 * Ask for something about the customer when a widget is first seen, and again each time
 * the customer was read: a tab that is not open costs nothing.
 *
 * @param {(record: Object) => Promise} ask
 * @param {string} [mark] field whose value is a new one with each reading
 */
export function useEachReading(ask, mark = "page_items") {
    useRecordObserver((record) => {
        void record.data[mark];
        return ask(record);
    });
}
