// The bytes of a list as text: its byte order mark is obeyed, and a wrong encoding is told, not guessed at.
import { TextDecoder } from 'node:util'
import { InviteError } from '../errors.js'

/** @throws InviteError `input_invalid` where the bytes are not in that encoding. Default: as the BOM says, else UTF-8. */
export async function* decode(
  source: AsyncIterable<Uint8Array>,
  encoding?: string,
): AsyncGenerator<string, void, undefined> {
  let head: Uint8Array = new Uint8Array(0)
  let decoder: TextDecoder | undefined
  let lines = 1
  for await (const bytes of source) {
    const chunk = decoder ? bytes : Buffer.concat([head, bytes])
    head = chunk
    if (decoder === undefined && chunk.length < 3) continue
    decoder ??= decoderFor(encoding ?? encodingOf(chunk))
    const text = decodeChunk(decoder, chunk, lines)
    lines += text.split('\n').length - 1
    yield text
  }
  if (decoder !== undefined) yield decodeChunk(decoder, new Uint8Array(0), lines, { isLast: true })
  else yield decodeChunk(decoderFor(encoding ?? encodingOf(head)), head, lines, { isLast: true })
}

function decoderFor(encoding: string): TextDecoder {
  try {
    return new TextDecoder(encoding, { fatal: true })
  } catch (cause) {
    throw new InviteError('input_invalid', { status: 415, detail: `The encoding ${encoding} is not known.`, cause })
  }
}

function encodingOf(head: Uint8Array): string {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le'
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8'
}

function decodeChunk(decoder: TextDecoder, chunk: Uint8Array, line: number, { isLast = false } = {}): string {
  try {
    return decoder.decode(chunk, { stream: !isLast })
  } catch (cause) {
    const before = new TextDecoder(decoder.encoding).decode(chunk).split('\uFFFD', 1).join().split('\n')
    const at = `line ${line + before.length - 1}, column ${(before.at(-1)?.length ?? 0) + 1}`
    const detail = `The list is not ${decoder.encoding} at ${at}: save it as UTF-8, or say what its encoding is.`
    throw new InviteError('input_invalid', { detail, cause })
  }
}
