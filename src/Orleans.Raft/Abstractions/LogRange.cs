namespace Orleans.Raft;

/// <summary>First and last index of a log, and which operations fit: the rules that every store checks before it writes.</summary>
internal readonly record struct LogRange(long First, long Last, bool IsRemoved = false)
{
    /// <summary>Null and the range after the operation, or the reason for which it does not fit.</summary>
    public string? TryApply(in LogOperation operation, out LogRange after)
    {
        after = this;
        if (IsRemoved)
        {
            return $"{operation.Log.Group} {operation.Kind} after the group was removed in the same batch.";
        }

        switch (operation.Kind)
        {
            case LogOperationKind.Append:
                return TryAppend(in operation, out after);
            case LogOperationKind.Reset:
                after = new LogRange(operation.Position.Index + 1, operation.Position.Index);
                return operation.Position.Index < 0 ? $"{operation.Log.Group} reset to negative {operation.Position}." : null;
            case LogOperationKind.Compact:
                return TryCompact(in operation, out after);
            case LogOperationKind.RemoveGroup:
                after = this with { IsRemoved = true };
                return null;
            case LogOperationKind.HardState:
            case LogOperationKind.ConfState:
            case LogOperationKind.Metadata:
                return null;
            default:
                return $"{operation.Log.Group} unknown operation {(int)operation.Kind}.";
        }
    }

    private string? TryAppend(in LogOperation operation, out LogRange after)
    {
        after = this;
        var entries = operation.Entries!;
        var low = entries[0].Index;
        if (low < First || low > Last + 1)
        {
            return $"{operation.Log.Group} append at {entries[0].Id}: the log holds {First}..{Last}, "
                + (low < First ? "what is below is compacted." : "this would leave a gap.");
        }

        for (var i = 1; i < entries.Count; i++)
        {
            if (entries[i].Index != low + i || entries[i].Term < entries[i - 1].Term)
            {
                return $"{operation.Log.Group} append of {entries[i].Id} after {entries[i - 1].Id}: indexes rise by one, terms never fall.";
            }
        }

        after = new LogRange(First, low + entries.Count - 1);
        return null;
    }

    private string? TryCompact(in LogOperation operation, out LogRange after)
    {
        after = this;
        if (operation.Position.Index > Last)
        {
            return $"{operation.Log.Group} compact to {operation.Position}: the log ends at {Last}.";
        }

        after = this with { First = Math.Max(First, operation.Position.Index + 1) };
        return null;
    }
}
