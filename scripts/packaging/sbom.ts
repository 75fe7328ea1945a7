/** The software bill of materials (CycloneDX): npm's own, cut down to what is in the package. */

interface Component {
  'bom-ref': string
  name: string
  [more: string]: unknown
}
export interface Bom {
  metadata: { component: Component; [more: string]: unknown }
  components: Component[]
  dependencies: { ref: string; dependsOn?: string[] }[]
  [more: string]: unknown
}

/**
 * @param bom what `npm sbom --sbom-format cyclonedx` prints
 * @param shipped `name@version` of every package that the app has in it
 * @param electron version of the Electron around it, which npm counts as a tool
 */
export function shippedOnly(bom: Bom, shipped: ReadonlySet<string>, electron: string): Bom {
  // npm gives every component the reference name@version.
  const components = bom.components.filter((each) => shipped.has(each['bom-ref']))
  const app = { ...bom.metadata.component, name: 'gatehouse' }
  const kept = new Set([app['bom-ref'], ...components.map((each) => each['bom-ref'])])
  const reference = `electron@${electron}`
  return {
    ...bom,
    metadata: { ...bom.metadata, component: app },
    components: [
      ...components,
      { 'bom-ref': reference, type: 'framework', name: 'electron', version: electron, purl: `pkg:npm/${reference}` },
    ],
    dependencies: bom.dependencies
      .filter(({ ref }) => kept.has(ref))
      .map((each) => ({ ...each, dependsOn: each.dependsOn?.filter((ref) => kept.has(ref)) })),
  }
}
