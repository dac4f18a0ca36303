/** Header fields of an answer of lines: nobody in between keeps it, or holds it back. */
export const lineHeaders = {
  'Content-Type': 'application/x-ndjson',
  'Cache-Control': 'no-store',
  'X-Accel-Buffering': 'no',
}
