/** Rows move to the node that they fall into: in pieces, so that several threads can, and in order, so that it never shows. */
import { at, chunkRows, type Workspace } from './workspace.ts'

/** Cuts the rows of nodes into pieces. @returns how many */
export function cutIntoPieces(ws: Workspace, nodes: Iterable<number>): number {
  let pieces = 0
  for (const node of nodes) {
    const from = ws.begin[node] as number
    const end = from + (ws.count[node] as number)
    for (let begin = from; begin < end; begin += chunkRows) {
      ws.pieceNode[pieces] = node
      ws.pieceBegin[pieces] = begin
      ws.pieceEnd[pieces] = Math.min(begin + chunkRows, end)
      pieces++
    }
  }
  return pieces
}

/** Phase: the rows of one piece that go to the left, in order, then those that go to the right, backwards, to `scratch`. */
export function dividePiece(ws: Workspace, piece: number): void {
  const { order, scratch, bins, rows } = ws
  const node = ws.pieceNode[piece] as number
  const feature = ws.feature[node] as number
  const column = feature * rows
  const split = ws.bin[node] as number
  const missing = ws.binCount[feature] as number
  const missingIsLeft = ws.missingLeft[node] as number
  const begin = ws.pieceBegin[piece] as number
  const end = ws.pieceEnd[piece] as number
  let low = begin
  let high = end - 1
  for (let i = begin; i < end; i++) {
    const row = order[i] as number
    const bin = bins[column + row] as number
    const left = bin === missing ? missingIsLeft : bin <= split ? 1 : 0
    // Both, without a branch: the wrong one is overwritten by the next row.
    scratch[low] = row
    scratch[high] = row
    low += left
    high -= 1 - left
  }
  ws.pieceLefts[piece] = low - begin
}

/** Where each piece's rows go: all to the left of a node before all to its right. Sets the children's rows. */
export function placePieces(ws: Workspace, pieces: number): void {
  for (let first = 0; first < pieces; ) {
    const node = ws.pieceNode[first] as number
    let lefts = 0
    let end = first
    for (; end < pieces && ws.pieceNode[end] === node; end++) lefts += ws.pieceLefts[end] as number
    const begin = ws.begin[node] as number
    let leftTo = begin
    let rightTo = begin + lefts
    for (; first < end; first++) {
      ws.pieceLeftTo[first] = leftTo
      ws.pieceRightTo[first] = rightTo
      leftTo += ws.pieceLefts[first] as number
      rightTo += (ws.pieceEnd[first] as number) - (ws.pieceBegin[first] as number) - (ws.pieceLefts[first] as number)
    }
    const left = ws.left[node] as number
    ws.begin[left] = begin
    ws.count[left] = lefts
    ws.begin[left + 1] = begin + lefts
    ws.count[left + 1] = (ws.count[node] as number) - lefts
  }
}

/** Phase: one piece's rows to their places. */
export function movePiece(ws: Workspace, piece: number): void {
  const { order, scratch } = ws
  const begin = ws.pieceBegin[piece] as number
  const end = ws.pieceEnd[piece] as number
  const middle = begin + (ws.pieceLefts[piece] as number)
  let to = ws.pieceLeftTo[piece] as number
  for (let i = begin; i < middle; i++) order[to++] = scratch[i] as number
  to = ws.pieceRightTo[piece] as number
  for (let i = end - 1; i >= middle; i--) order[to++] = scratch[i] as number
}

/** Phase: adds the leaf's answer to the margins of one piece's rows. */
export function answerPiece(ws: Workspace, piece: number): void {
  const { order, margins, rows } = ws
  const answer = ws.answer[ws.pieceNode[piece] as number] as number
  const column = (ws.state[at.output] as number) * rows
  const end = ws.pieceEnd[piece] as number
  for (let i = ws.pieceBegin[piece] as number; i < end; i++) {
    const place = column + (order[i] as number)
    margins[place] = (margins[place] as number) + answer
  }
}

/** Phase: adds the tree's answers to the margins of a chunk of the rows in `rest`. */
export function answerRest(ws: Workspace, chunk: number): void {
  const { rest, margins, rows, bins, left, feature, bin, missingLeft, binCount, answer } = ws
  const column = (ws.state[at.output] as number) * rows
  const end = Math.min((chunk + 1) * chunkRows, ws.state[at.restRows] as number)
  for (let i = chunk * chunkRows; i < end; i++) {
    const row = rest[i] as number
    let node = 0
    for (let child = left[0] as number; child !== -1; child = left[node] as number) {
      const f = feature[node] as number
      const value = bins[f * rows + row] as number
      const isLeft = value === binCount[f] ? missingLeft[node] === 1 : value <= (bin[node] as number)
      node = isLeft ? child : child + 1
    }
    const place = column + row
    margins[place] = (margins[place] as number) + (answer[node] as number)
  }
}
