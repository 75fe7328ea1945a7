/** A grown tree. Arrays have one value per node, the root first; children come after their parent, the right one after the left. */
export interface Tree {
  /** -1 in leaves. */
  left: Int32Array
  /** Of inner nodes: the feature that is asked for. */
  feature: Int32Array
  /** Of inner nodes: values below go to the left. Of leaves: the answer. */
  value: Float32Array
  /** Of inner nodes: where missing values go, 1 for left. */
  missingLeft: Uint8Array
  /** Of inner nodes: what the split improved the loss by. */
  gain: Float32Array
  /** Sum of second derivatives of the rows in it. */
  hessian: Float32Array
  /** What the node would answer by itself, before the learning rate. */
  weight: Float32Array
}
