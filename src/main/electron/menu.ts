import type { MenuItemConstructorOptions } from 'electron'

export interface MenuActions {
  openLogs(): void
  openTemporal(): void
}

/** The native menu: the platform's own entries by role, so their keys and their language are the system's. */
export function menuTemplate(platform: NodeJS.Platform, actions: MenuActions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin'
  return [
    ...(mac ? [{ role: 'appMenu' } as const] : [{ label: 'File', submenu: [{ role: 'quit' }] } as MenuItemConstructorOptions]),
    { role: 'editMenu' },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Open the Temporal Web UI', click: () => actions.openTemporal() },
        { label: 'Open the logs folder', click: () => actions.openLogs() },
      ],
    },
  ]
}
