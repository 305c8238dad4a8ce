// SPDX-License-Identifier: MIT
//! raw.rs - the twins of User and Post in plain structs, as bindings without a codec write them
//! (ffi/service/service.h).
use crate::work::{Text, AVATAR, BIO, CATEGORY, CONTENT, EMAIL, FIRST_SECOND, NAME, TITLE};

#[repr(C)]
pub struct RawUser {
    id: u64,
    created_at: u64, // seconds since 1970
    updated_at: u64, // seconds since 1970
    active: u64,
    name: [u8; 144],
    email: [u8; 256],
    avatar_url: [u8; 256],
    bio: [u8; 512],
}

#[repr(C)]
pub struct RawPost {
    id: u64,
    author_id: u64,
    created_at: u64, // seconds since 1970
    updated_at: u64, // seconds since 1970
    like_count: u32,
    comment_count: u32,
    published: u64,
    title: [u8; 256],
    category: [u8; 80],
    content: [u8; 4096],
}

const _: () = assert!(std::mem::size_of::<RawUser>() == 1200);
const _: () = assert!(std::mem::size_of::<RawPost>() == 4480);

fn filled<const SIZE: usize>(text: &Text, id: u64) -> [u8; SIZE] {
    let mut out = [0; SIZE];
    out.iter_mut().zip(text.bytes(id)).for_each(|(to, byte)| *to = byte);
    out
}

impl RawUser {
    pub fn of(id: u64) -> Self {
        Self {
            id,
            created_at: FIRST_SECOND,
            updated_at: FIRST_SECOND.wrapping_add(id),
            active: 1,
            name: filled(&NAME, id),
            email: filled(&EMAIL, id),
            avatar_url: filled(&AVATAR, id),
            bio: filled(&BIO, id),
        }
    }
}

impl RawPost {
    pub fn of(id: u64) -> Self {
        Self {
            id,
            author_id: id / 10 + 1,
            created_at: FIRST_SECOND,
            updated_at: FIRST_SECOND.wrapping_add(id),
            like_count: (id % 100) as u32 + 1,
            comment_count: (id % 10) as u32 + 1,
            published: 1,
            title: filled(&TITLE, id),
            category: filled(&CATEGORY, id),
            content: filled(&CONTENT, id),
        }
    }
}
