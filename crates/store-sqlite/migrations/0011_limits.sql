-- Where one tenant has more in work than its share, the next conversation is looked for among the others.
CREATE INDEX channel_conversations_due_of_tenant ON channel_conversations (tenant_id, due_at)
WHERE due_at IS NOT NULL;
