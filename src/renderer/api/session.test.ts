import { describe, expect, it } from 'vitest'
import { exchangeToken } from './session.ts'

function page(hash: string, answers: Record<string, number | Error>) {
  const asked: string[] = []
  const replaced: string[] = []
  return {
    asked,
    replaced,
    location: { hash, pathname: '/', search: '' } as Location,
    history: { replaceState: (_state: unknown, _title: string, url: string) => replaced.push(url) } as unknown as History,
    fetch: (async (url: string, init?: RequestInit) => {
      const key = `${init?.method ?? 'GET'} ${url}`
      asked.push(init?.body ? `${key} ${init.body}` : key)
      const answer = answers[key]
      if (answer === undefined || answer instanceof Error) throw answer ?? new TypeError('network')
      return new Response(null, { status: answer })
    }) as typeof fetch,
  }
}

describe('exchangeToken', () => {
  it('exchanges the token and takes it out of the address', async () => {
    const p = page('#token=s3cret', { 'POST /session': 200 })
    expect(await exchangeToken(p)).toBe('ready')
    expect(p.asked).toEqual(['POST /session {"token":"s3cret"}'])
    expect(p.replaced).toEqual(['/'])
  })
  it('asks for nothing without a token', async () => {
    const p = page('#/runs', {})
    expect(await exchangeToken(p)).toBe('ready')
    expect(p.asked).toEqual([])
  })
  it('is refused with a link that was used by another browser', async () => {
    const p = page('#token=old', { 'POST /session': 401, 'GET /session': 401 })
    expect(await exchangeToken(p)).toBe('refused')
    expect(p.replaced).toEqual(['/'])
  })
  it('lets a browser in that used the link itself', async () => {
    expect(await exchangeToken(page('#token=old', { 'POST /session': 401, 'GET /session': 204 }))).toBe('ready')
  })
  it('keeps the token while the host is away, so that a reload tries again', async () => {
    const p = page('#token=s3cret', { 'POST /session': new TypeError('network') })
    expect(await exchangeToken(p)).toBe('ready')
    expect(p.replaced).toEqual([])
  })
})
