import { HardDrive } from 'lucide-react'
import { useIn } from '../../app/console.ts'

/** Says that room runs out on the disk of the data folder, what that means and what to do, until there is room again. */
export function DiskBar() {
  const disk = useIn('stack', (s) => s.health?.disk ?? null)
  // What was known last says nothing of a disk now; that the host is away is said in this place.
  const connection = useIn('stack', (s) => s.connection)
  if (disk === null || disk.remedy === '' || connection !== 'open') return null
  return (
    <div className={`disk-bar ${disk.state === 'down' ? 'is-full' : ''}`} role={disk.state === 'down' ? 'alert' : 'status'}>
      <HardDrive size={14} aria-hidden />
      <span>
        {disk.detail} {disk.remedy}
      </span>
    </div>
  )
}
