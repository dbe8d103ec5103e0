package runtime

import (
	"fmt"
	"runtime"
	"unsafe"
)

type Handle struct {
	value int32
}

func (h *Handle) Use() int32 {
	if h.value == 0 {
		panic("nil handle")
	}
	return h.value
}

func (h *Handle) Take() int32 {
	if h.value == 0 {
		panic("nil handle")
	}
	value := h.value
	h.value = 0
	live--
	return value
}

func (h *Handle) Set(value int32) {
	if value == 0 {
		panic("nil handle")
	}
	if h.value != 0 {
		panic("handle already set")
	}
	h.value = value
	live++
}

func (h *Handle) TakeOrNil() int32 {
	value := h.value
	if value != 0 {
		live--
	}
	h.value = 0
	return value
}

func MakeHandle(value int32) *Handle {
	if value == 0 {
		panic("nil handle")
	}
	live++
	return &Handle{value}
}

func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	pointer := allocateRaw(size, align)
	pinner.Pin(pointer)
	return pointer
}

func allocateRaw(size, align uintptr) unsafe.Pointer {
	if size == 0 {
		return nil
	}

	if size%align != 0 {
		panic(fmt.Sprintf("size %v is not compatible with alignment %v", size, align))
	}

	switch align {
	case 1:
		return unsafe.Pointer(unsafe.SliceData(make([]uint8, size)))
	case 2:
		return unsafe.Pointer(unsafe.SliceData(make([]uint16, size/align)))
	case 4:
		return unsafe.Pointer(unsafe.SliceData(make([]uint32, size/align)))
	case 8:
		return unsafe.Pointer(unsafe.SliceData(make([]uint64, size/align)))
	default:
		panic(fmt.Sprintf("unsupported alignment: %v", align))
	}
}

// Changed from the original of go-pkg 0.4.0: what the host allocates here is allocated without a
// collection.
//
// A call of an import is forbidden while the host calls `cabi_realloc`, and a collection makes
// such calls: it reads both clocks, and it lets other goroutines run. So it has to wait until the
// host has returned; `Lifted` has it done then.

// Adapter allocations before package initialization, in bytes: two pages for its state and
// stack, and as much again for arguments, variables and folders.
const earlyBytes = 256 << 10

var early [earlyBytes]byte
var earlyUsed uintptr

//nolint:unused
var useGCAllocations = false

func init() {
	useGCAllocations = true
}

//nolint:unused
func offset(ptr, align uintptr) uintptr {
	newptr := (ptr + align - 1) &^ (align - 1)
	return newptr - ptr
}

func allocateEarly(size, align uintptr) unsafe.Pointer {
	start := earlyUsed + offset(uintptr(unsafe.Pointer(&early))+earlyUsed, align)
	if start+size > earlyBytes {
		panic("out of memory before the start")
	}
	earlyUsed = start + size
	return unsafe.Pointer(&early[start])
}

var pinner = runtime.Pinner{}

func Unpin() {
	pinner.Unpin()
}

// Bytes that the host may allocate, and handles that it may give, before those that are garbage by
// then are collected. An instance may hold 1,000 handles, unless its manifest says otherwise.
const (
	collectBytes   = 8 << 20
	collectHandles = 128
)

var (
	allocated   uintptr
	live        int
	collectLive = collectHandles
)

// Lifted is called when a call of an import has returned, and all of its results are Go values:
// those keep what they need. Not in the original.
func Lifted() {
	Unpin()
	if allocated >= collectBytes || live >= collectLive {
		runtime.GC()
		// Lets the cleanups run.
		runtime.Gosched()
		allocated = 0
		collectLive = live + collectHandles
	}
}

var dropped []func()

// DropLater drops a handle that was collected, with the next `DropCollected`. Not in the
// original, which drops it at once: on a goroutine of its own, perhaps while a call of an import
// is forbidden.
func DropLater(handle *Handle, drop func(int32)) {
	if value := handle.TakeOrNil(); value != 0 {
		dropped = append(dropped, func() { drop(value) })
	}
}

// DropCollected drops the handles that were collected.
func DropCollected() {
	for len(dropped) > 0 {
		drop := dropped[len(dropped)-1]
		dropped = dropped[:len(dropped)-1]
		drop()
	}
}

// No collection begins, and no other goroutine runs, between these two.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

//nolint:unused
//go:wasmimport wasi_snapshot_preview1 adapter_monotonic_clock_set_paused
func adapterMonotonicClockSetPaused(paused bool)

//nolint:unused
//go:wasmexport cabi_realloc
func cabiRealloc(oldPointer unsafe.Pointer, oldSize, align, newSize uintptr) unsafe.Pointer {
	if oldPointer != nil || oldSize != 0 {
		panic("todo")
	}

	if useGCAllocations {
		// The adapter uses a cached value of the monotonic clock instead of calling
		// `monotonic_clock::now`. See https://github.com/bytecodealliance/wasmtime/pull/13563
		// for more details.
		adapterMonotonicClockSetPaused(true)
		procPin()
		pointer := Allocate(&pinner, newSize, align)
		allocated += newSize
		procUnpin()
		adapterMonotonicClockSetPaused(false)
		return pointer
	} else {
		return allocateEarly(newSize, align)
	}
}
