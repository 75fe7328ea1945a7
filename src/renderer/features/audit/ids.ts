/** The field that the key `/` goes to. */
export const auditSearchId = 'audit-search'
