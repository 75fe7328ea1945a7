/** The hidden file input behind every "Choose files…". */
export const chooseFilesId = 'choose-files'
