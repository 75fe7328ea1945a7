/** Arrays that all threads of a training see. */
export const shared = {
  uint8: (length: number) => new Uint8Array(new SharedArrayBuffer(length)),
  int32: (length: number) => new Int32Array(new SharedArrayBuffer(length * 4)),
  uint32: (length: number) => new Uint32Array(new SharedArrayBuffer(length * 4)),
  float32: (length: number) => new Float32Array(new SharedArrayBuffer(length * 4)),
  float64: (length: number) => new Float64Array(new SharedArrayBuffer(length * 8)),
}
