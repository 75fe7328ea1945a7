import { HardDrive } from 'lucide-react'
import { useIn } from '../../app/console.ts'
import { Banner } from '../../ui/Banner.tsx'

/** Says that room runs out on the disk of the data folder, what that means and what to do, until there is room again. */
export function DiskBar() {
  const disk = useIn('stack', (s) => s.health?.disk ?? null)
  // What was known last says nothing of a disk now.
  const connection = useIn('stack', (s) => s.connection)
  if (disk === null || disk.remedy === '' || connection !== 'open') return null
  return (
    <Banner tone={disk.state === 'down' ? 'bad' : 'human'} sign={HardDrive}>
      <span>
        {disk.detail} {disk.remedy}
      </span>
    </Banner>
  )
}
