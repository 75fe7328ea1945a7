import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { failureConverterSource } from './codec/dataConverter.ts'

/**
 * Bundles the workflow code for the sandbox that workers run it in, and writes it to `outFile`.
 *
 * A build step: the bundle must come from the very version of @temporalio/worker that loads it.
 * @throws when the code does not bundle, for instance because it imports something of Node.
 */
export async function buildWorkflowBundle(outFile: string): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('./workflows/index.ts', import.meta.url)),
    failureConverterPath: failureConverterSource,
    logger: new DefaultLogger('WARN'),
  })
  await mkdir(dirname(outFile), { recursive: true })
  await writeFile(outFile, code)
}
