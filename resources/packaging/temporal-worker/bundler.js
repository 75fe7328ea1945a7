// Stands in the packaged app where @temporalio/worker has its workflow bundler, which would bring webpack and a compiler
// along: the app's workflow is bundled when the app is built, and nothing here ever bundles another (decision 141).
// These three are what the worker's other modules take from it.
const refuse = () => {
  throw new Error('The packaged app cannot bundle workflows: give the worker a workflowBundle.')
}

exports.defaultWorkflowInterceptorModules = [require.resolve('../workflow-log-interceptor')]
exports.WorkflowCodeBundler = class WorkflowCodeBundler {
  constructor() {
    refuse()
  }
}
exports.bundleWorkflowCode = async () => refuse()
