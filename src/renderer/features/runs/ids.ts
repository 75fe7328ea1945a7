/** Ids by which keys find the controls of the run list. */
export const searchId = 'runs-search'
export const filterMenuId = 'runs-filter'
