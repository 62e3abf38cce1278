/** Tasks that have pages of their own: versions of datasets, whatever made them, and reports. */
const OTHERS = ["dataset", "annotation_manual", "report"];

/** The types of tasks that are runs, as a request asks for them. */
export const RUN_TYPES: readonly string[] = OTHERS.flatMap((type) => ["__$not", type]);
