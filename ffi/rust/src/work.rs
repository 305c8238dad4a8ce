// SPDX-License-Identifier: MIT
//! work.rs - what the methods do between decode and encode; word for word what the C service
//! answers (ffi/service/methods.c).
use crate::messages::{
    BatchRequest, BatchResponse, CalculatorRequest, CalculatorResponse, GetPostRequest,
    GetUserRequest, HelloRequest, HelloResponse, Post, User,
};

const HELLO_NAME_MAX: usize = 240; // bytes
pub const FIRST_SECOND: u64 = 1_700_000_000; // of the service's world; 2023-11-14

/// A text of `length` bytes: `pattern` repeated, each # a digit of the id, lowest first.
pub struct Text {
    pub length: usize,
    pattern: &'static str,
}

// The lengths make a User 216 bytes encoded and a Post 307.
pub const NAME: Text = Text { length: 16, pattern: "Ada L. ######## " };
pub const EMAIL: Text = Text { length: 30, pattern: "user.########@mail.example.org " };
pub const AVATAR: Text =
    Text { length: 45, pattern: "https://img.example.org/avatars/########.webp " };
pub const BIO: Text = Text { length: 88, pattern: "Writes about engines and numbers. " };
pub const TITLE: Text = Text { length: 40, pattern: "On the boundary between two halves: ####" };
pub const CATEGORY: Text = Text { length: 12, pattern: "engineering " };
pub const CONTENT: Text =
    Text { length: 206, pattern: "What crosses a boundary must be written down first. " };

impl Text {
    pub fn bytes(&self, mut id: u64) -> impl Iterator<Item = u8> {
        self.pattern.bytes().cycle().take(self.length).map(move |byte| {
            if byte != b'#' {
                return byte;
            }
            let digit = b'0' + (id % 10) as u8;
            id /= 10;
            digit
        })
    }

    fn string(&self, id: u64) -> String {
        let mut string = String::with_capacity(self.length);
        string.extend(self.bytes(id).map(char::from));
        string
    }
}

pub fn hello(request: HelloRequest) -> HelloResponse {
    let mut end = request.name.len().min(HELLO_NAME_MAX);
    while !request.name.is_char_boundary(end) {
        end -= 1;
    }
    HelloResponse { message: format!("Hello, {}!", &request.name[..end]) }
}

pub fn user(request: GetUserRequest) -> User {
    let id = request.id;
    User {
        id,
        created_at: FIRST_SECOND,
        updated_at: FIRST_SECOND.wrapping_add(id),
        active: true,
        name: NAME.string(id),
        email: EMAIL.string(id),
        avatar_url: AVATAR.string(id),
        bio: BIO.string(id),
    }
}

pub fn post(request: GetPostRequest) -> Post {
    let id = request.id;
    Post {
        id,
        author_id: id / 10 + 1,
        created_at: FIRST_SECOND,
        updated_at: FIRST_SECOND.wrapping_add(id),
        like_count: (id % 100) as u32 + 1,
        comment_count: (id % 10) as u32 + 1,
        published: true,
        title: TITLE.string(id),
        category: CATEGORY.string(id),
        content: CONTENT.string(id),
    }
}

pub fn batch(request: BatchRequest) -> BatchResponse {
    BatchResponse { responses: request.requests.into_iter().map(user).collect() }
}

pub fn calculator(request: CalculatorRequest) -> CalculatorResponse {
    let CalculatorRequest { operation, a, b } = request;
    let (result, error) = match operation.as_str() {
        "add" => (a + b, ""),
        "subtract" => (a - b, ""),
        "multiply" => (a * b, ""),
        "divide" if b == 0.0 => (0.0, "division by zero"),
        "divide" => (a / b, ""),
        _ => (0.0, "unknown operation"),
    };
    CalculatorResponse { operation, result, error: error.to_owned() }
}
