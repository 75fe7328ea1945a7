/** The only two names that cross between the window and the main process, and how the preload learns its role. */
export const requestChannel = 'gatehouse:request'
export const pushChannel = 'gatehouse:push'
/** Event name on the push channel that the preload keeps for itself: the connection's status. */
export const statusEvent = 'connection.status'
/** Given to the preload by `additionalArguments` when the host runs in another process. */
export const attachedArgument = '--gatehouse-attached'

/** Origin of the console in the window. */
export const appScheme = 'app'
export const appOrigin = 'app://gatehouse'
