"""A program that is a USB receiver: `python3 -m tests.kernel.usb.emulator MODEL [PORT]`. It is plugged in while it runs, and pulled out when it ends or is killed.

Standard input is what happens in the room: `play +9000 -4500 ...` sends a signal in real time, `burst ...` as fast as USB takes it;
the answer is `played` when the host has taken it all. Receivers that decode by themselves are given scancodes. It knows nothing of irbpf.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from collections.abc import Callable

from tests.kernel.usb.models import MODELS, Mce, Model
from tests.kernel.usb.rawgadget import Gadget, Request, gone
from tests.kernel.usb.reports import Report, igorplugusb, mceusb, streamzap, xbox

GET_DESCRIPTOR, SET_CONFIGURATION, SET_INTERFACE = 6, 9, 11
DEVICE, CONFIGURATION, STRING = 1, 2, 3
IGOR_GET_INFRACODE = 2


class Emulated:
    """A receiver on the bus: one thread answers endpoint 0, one takes commands, the main one sends what is played."""

    def __init__(self, model: Model, port: int) -> None:
        self.model, self.gadget, self.mce = model, Gadget(port), Mce()
        self.configured = threading.Event()
        self.handles: list[int] = []
        self.sending = threading.Lock()
        self.waiting: list[bytes] = []
        self.polled = threading.Condition()

    def start(self) -> None:
        self.gadget.run()
        threading.Thread(target=self.endpoint_0, daemon=True).start()

    def endpoint_0(self) -> None:
        while True:
            request = self.gadget.request()
            try:
                self.handle(request)
            except OSError as error:
                if not gone(error):
                    raise

    def handle(self, request: Request) -> None:
        if request.kind & 0x60 == 0x40 and self.model.hardware == "igorplugusb":
            self.gadget.answer(request, self.poll(request))
        elif request.request == GET_DESCRIPTOR and (data := self.descriptor(request)) is not None:
            self.gadget.answer(request, data)
        elif request.request == SET_CONFIGURATION:
            if not self.configured.is_set():
                wanted = [one for one in self.model.endpoint_descriptors() if one[3]]
                self.handles = self.gadget.configure(wanted, 100)
                if self.model.hardware == "mceusb":
                    threading.Thread(target=self.commands, daemon=True).start()
            self.gadget.answer(request)
            self.configured.set()
        elif request.request == SET_INTERFACE:
            self.gadget.answer(request)
        else:
            self.gadget.stall()

    def descriptor(self, request: Request) -> bytes | None:
        makers: dict[int, Callable[[], bytes]] = {DEVICE: self.model.device, CONFIGURATION: self.model.configuration,
                                                  STRING: lambda: self.model.string(request.value & 0xFF)}
        make = makers.get(request.value >> 8)
        return make() if make else None

    def poll(self, request: Request) -> bytes:
        """The igorplugusb is asked every 50 ms; three bytes say that nothing came."""
        with self.polled:
            if request.request == IGOR_GET_INFRACODE and self.waiting:
                self.polled.notify()
                return self.waiting.pop(0)
        return bytes(3)

    def commands(self) -> None:
        while True:
            try:
                answer = self.mce.answers(self.gadget.read(self.handles[1]))
                if answer:
                    self.write(answer)
            except OSError as error:
                self.let_go(error)
                return

    def write(self, data: bytes) -> None:
        with self.sending:
            try:
                self.gadget.write(self.handles[0], data)
            except OSError as error:
                self.let_go(error)

    def let_go(self, error: OSError) -> None:
        """The bus went down with the machine: begin anew, as a device does that has lost its power."""
        if error.errno == errno.ESHUTDOWN:
            os.execv(sys.executable, sys.orig_argv)
        if not gone(error):
            raise error

    def reports(self, durations: list[int]) -> list[Report]:
        match self.model.hardware:
            case "mceusb":
                return mceusb(durations, self.mce.timeout_us)
            case "streamzap":
                return streamzap(durations)
            case "xbox":
                return xbox(durations)
            case _:
                return igorplugusb(durations)

    def send(self, data: bytes) -> None:
        if self.model.hardware != "igorplugusb":
            self.write(data)
            return
        with self.polled:
            self.waiting.append(data)
            self.polled.wait_for(lambda: not self.waiting)

    def play(self, durations: list[int], real_time: bool) -> None:
        """A report goes out when the last edge in it has been."""
        begin = time.monotonic()
        for when, data in self.reports(durations):
            if real_time and (early := begin + when / 1e6 - time.monotonic()) > 0:
                time.sleep(early)
            self.send(data)


def main() -> None:
    receiver = Emulated(MODELS[sys.argv[1]], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    receiver.start()
    receiver.configured.wait()
    for line in sys.stdin:
        word, *durations = line.split()
        receiver.play([int(one) for one in durations], word == "play")
        print("played", flush=True)
    os._exit(0)  # threads that wait in the kernel do not end by themselves


if __name__ == "__main__":
    main()
