export function download(blob: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob); // bad
  link.download = name;
  link.click();
}

export function revokedDownload(blob: Blob, name: string) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob); // good
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 0);
}

export function makeWorker(source: string) {
  const url = URL.createObjectURL(new Blob([source])); // bad
  return new Worker(url);
}

export function revokedMakeWorker(source: string) {
  const url = URL.createObjectURL(new Blob([source])); // good
  const worker = new Worker(url);
  URL.revokeObjectURL(url);
  return worker;
}

/** The caller has it. */
export function urlOf(blob: Blob) {
  return URL.createObjectURL(blob); // good
}

export class Recording {
  private url = '';

  set(blob: Blob) {
    URL.revokeObjectURL(this.url);
    this.url = URL.createObjectURL(blob); // good
  }

  dispose() {
    URL.revokeObjectURL(this.url);
  }
}

export function namedUrlOf(blob: Blob) {
  const url = URL.createObjectURL(blob); // good
  console.log(url);
  return url;
}
