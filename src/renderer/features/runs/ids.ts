/** Ids by which keys find the controls of the run list. */
export const searchId = 'runs-search'
export const filterMenuId = 'runs-filter'
export const columnsMenuId = 'runs-columns'
export const viewsMenuId = 'runs-views'
