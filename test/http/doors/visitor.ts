// Somebody at a browser without JavaScript: keeps cookies, follows redirects to other sites and back, submits forms.

/** What a visitor sees at last. */
export interface Page {
  readonly url: URL
  readonly status: number
  readonly text: string
}

export class Visitor {
  /** By origin, then by name. */
  readonly #cookies = new Map<string, Map<string, string>>()
  /** What happens while they are at another site, before they come back from it. */
  meanwhile: () => unknown = () => undefined

  async open(url: string | URL, init: RequestInit = {}): Promise<Page> {
    const here = new URL(url)
    const headers = { ...init.headers, Cookie: this.#cookieHeader(here) }
    const answer = await fetch(here, { ...init, headers, redirect: 'manual' })
    this.#remember(here, answer.headers.getSetCookie())
    const text = await answer.text()
    const location = answer.headers.get('Location')
    const next = location === null ? undefined : new URL(location, here)
    if (answer.status >= 300 && answer.status < 400 && next) return await this.#leave(here, next)
    const form = /<body onload="[^"]*submit\(\)"/.test(text) ? readForm(text, here) : undefined
    return form ? await this.#leave(here, form.action, form.init) : { url: here, status: answer.status, text }
  }

  /** Sends a form. */
  async submit(url: string | URL, fields: Readonly<Record<string, string>>): Promise<Page> {
    return await this.open(url, { method: 'POST', body: new URLSearchParams(fields) })
  }

  async #leave(from: URL, to: URL, init?: RequestInit): Promise<Page> {
    if (from.origin !== to.origin) await this.meanwhile()
    return await this.open(to, init)
  }

  #remember({ origin }: URL, lines: readonly string[]): void {
    const kept = this.#cookies.get(origin) ?? new Map<string, string>()
    this.#cookies.set(origin, kept)
    for (const line of lines) {
      const [, name = '', value = '', attributes = ''] = /^([^=]+)=([^;]*)(.*)$/.exec(line) ?? []
      if (value === '' || /max-age=0\b|expires=Thu, 01 Jan 1970/i.test(attributes)) kept.delete(name)
      else kept.set(name, value)
    }
  }

  #cookieHeader({ origin }: URL): string {
    return [...(this.#cookies.get(origin) ?? [])].map((pair) => pair.join('=')).join('; ')
  }
}

function readForm(html: string, page: URL) {
  const attribute = (tag: string, name: string) => unescapeHtml(new RegExp(`${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
  const fields = [...html.matchAll(/<input [^>]*>/g)].map(([tag]) => [attribute(tag, 'name'), attribute(tag, 'value')])
  const body = new URLSearchParams(fields.filter(([name]) => name !== '') as [string, string][])
  return { action: new URL(attribute(html, 'action'), page), init: { method: 'POST', body } }
}

function unescapeHtml(text: string): string {
  return text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}
