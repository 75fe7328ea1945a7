/** The field that `/` puts the focus into; known without loading the view. */
export const modelsSearchId = 'models-search'
