//! Components that are costly to compile, and small.

/// Variables of the functions, all of type i32.
const LOCALS: u32 = 1000;

/// Takes memory: wherever two ways meet, each of a thousand variables may have another value.
/// 350 kB that take more than 2 GiB.
pub(crate) fn large() -> Vec<u8> {
    let mut code = Vec::new();
    for at in 0..20_000 {
        code.extend([BLOCK, EMPTY]);
        code.extend(instruction(LOCAL_GET, at % LOCALS));
        code.extend(instruction(BR_IF, 0));
        code.extend(sum(at, LOCALS));
        code.push(END);
    }
    component(LOCALS, &code)
}

/// Takes time: loops in loops. 84 kB that take minutes; `salt` makes another of the same.
pub(crate) fn slow(salt: u32) -> Vec<u8> {
    const DEPTH: u32 = 6000;
    let mut code = Vec::new();
    for at in 0..DEPTH {
        code.extend([LOOP, EMPTY]);
        code.extend(sum(at + salt, 100));
    }
    for at in 0..DEPTH {
        code.extend(instruction(LOCAL_GET, at % 100));
        code.extend(instruction(BR_IF, 0));
        code.push(END);
    }
    component(100, &code)
}

/// Takes nothing; `salt` makes another.
pub(crate) fn light(salt: u32) -> Vec<u8> {
    component(100, &sum(salt, 100))
}

/// Is no program: it takes a value from an empty stack.
pub(crate) fn invalid() -> Vec<u8> {
    component(1, &[I32_ADD])
}

// https://webassembly.github.io/spec/core/binary/instructions.html
const BLOCK: u8 = 0x02;
const LOOP: u8 = 0x03;
const END: u8 = 0x0b;
const BR_IF: u8 = 0x0d;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const I32_ADD: u8 = 0x6a;
const EMPTY: u8 = 0x40;
const I32: u8 = 0x7f;

/// One variable becomes the sum of two others.
fn sum(at: u32, locals: u32) -> Vec<u8> {
    let mut code = instruction(LOCAL_GET, (at * 7 + 1) % locals);
    code.extend(instruction(LOCAL_GET, at * 13 % locals));
    code.push(I32_ADD);
    code.extend(instruction(LOCAL_SET, at % locals));
    code
}

/// A component of one module of one function, without parameters or results.
fn component(locals: u32, code: &[u8]) -> Vec<u8> {
    let locals = [vec![1], number(locals as usize), vec![I32]].concat();
    let body = [&locals, code, &[END]].concat();
    let function = [number(body.len()), body].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[1, 0]),
        section(10, &[vec![1], function].concat()),
    ];
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module.concat())].concat()
}

fn section(id: u8, content: &[u8]) -> Vec<u8> {
    [vec![id], number(content.len()), content.to_vec()].concat()
}

fn instruction(code: u8, index: u32) -> Vec<u8> {
    [vec![code], number(index as usize)].concat()
}

/// LEB128.
fn number(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}
