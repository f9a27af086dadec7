//! `ferric demo`: a node on its embedded defaults, a real call and a real room session into it, and where they play.
