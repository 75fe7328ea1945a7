/** Stands for a list or a page that is being read, once that takes longer than most answers do. @param of what is read, as in "the files" */
export function Skeleton({ of, rows = 8 }: { of: string; rows?: number }) {
  return (
    <div className="skeleton-rows" aria-busy="true">
      <span className="sr-only">Reading {of}</span>
      {Array.from({ length: rows }, (_, i) => (
        // The index is the key: equal lines
        <div key={i} className="skeleton-row">
          <span className="skeleton" style={{ width: 16 }} />
          <span className="skeleton" style={{ width: 120 + ((i * 53) % 90) }} />
          <span className="skeleton" style={{ width: 160 + ((i * 37) % 120) }} />
        </div>
      ))}
    </div>
  )
}
