/** A QR code as the URL of an image: a page may show nothing else that it did not load as a file. */
export async function qrImage(text: string): Promise<string> {
  const { default: qr } = await import('qrcode');
  const svg = await qr.toString(text, { type: 'svg', errorCorrectionLevel: 'M', margin: 2 });
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}
