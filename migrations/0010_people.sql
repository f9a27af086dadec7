-- Schema 10: people, groups, properties, and what keys may do.

-- `password` is a PHC string (Argon2id); absent = nobody signs in with one. `subject` is the provider's own id of a person who signs in through OpenID
-- Connect. `epoch` rises with everything that ends the person's sessions: another password, another role, disabling. `email_key` is what addresses are
-- compared by. Resource filters (`queues`, `only_groups`, `projects`) are JSON lists; absent = no filter.
CREATE TABLE users (
    name TEXT PRIMARY KEY NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT,
    email_key TEXT UNIQUE,
    role TEXT NOT NULL,
    agent TEXT UNIQUE,
    password TEXT,
    subject TEXT UNIQUE,
    properties TEXT NOT NULL,
    queues TEXT,
    only_groups TEXT,
    projects TEXT,
    disabled BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    created BIGINT NOT NULL
);

CREATE TABLE user_groups (
    name TEXT PRIMARY KEY NOT NULL,
    properties TEXT NOT NULL
);

CREATE TABLE group_members (
    group_name TEXT NOT NULL REFERENCES user_groups (name),
    user_name TEXT NOT NULL REFERENCES users (name),
    PRIMARY KEY (group_name, user_name)
);
CREATE INDEX groups_of_a_member ON group_members (user_name);

-- Properties that hold where neither a user nor a group says something.
CREATE TABLE workspace_properties (
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    properties TEXT NOT NULL
);
INSERT INTO workspace_properties (id, properties) VALUES (1, '{}');

-- Of which projects a key reaches recordings and sessions; absent = of all.
ALTER TABLE api_keys ADD COLUMN projects TEXT;
