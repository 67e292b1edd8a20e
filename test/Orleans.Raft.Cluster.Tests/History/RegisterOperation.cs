namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>What a client wanted of a key.</summary>
public enum RegisterAction
{
    /// <summary>The value, or that there is none.</summary>
    Read,

    /// <summary>Store a value, whatever is there.</summary>
    Write,

    /// <summary>Store a value where a certain other one is.</summary>
    CompareAndSet,

    /// <summary>Store a value where none is.</summary>
    Create,

    /// <summary>Remove whatever is there.</summary>
    Delete,

    /// <summary>Remove a certain value.</summary>
    CompareAndDelete,
}

/// <summary>What a client was told.</summary>
public enum RegisterResult
{
    /// <summary>It was done.</summary>
    Done,

    /// <summary>It was not done, because what is stored did not allow it: another value, none, or one.</summary>
    Refused,

    /// <summary>Nothing certain: it may have been done, may yet be done, or never.</summary>
    Unknown,
}

/// <summary>One operation on one key, as its client saw it. All values written are different, so a value names its version.</summary>
/// <param name="Action">What was wanted.</param>
/// <param name="Value">What was to be stored, or what was read; null for none.</param>
/// <param name="Expected">The value that a comparison expects.</param>
/// <param name="Result">What the client was told.</param>
/// <param name="Invoked">When it began.</param>
/// <param name="Returned">When the answer was there; of no meaning if the result is unknown.</param>
/// <param name="Client">Who did it, for people.</param>
public sealed record RegisterOperation(
    RegisterAction Action, string? Value, string? Expected, RegisterResult Result, long Invoked, long Returned, string Client = "")
{
    /// <summary>What a comparison accepts as well; null is none.</summary>
    public IReadOnlySet<string?> OrElse { get; init; } = new HashSet<string?>();

    /// <summary>Whether a comparison accepts a state.</summary>
    public bool Accepts(string? state) => (state is not null && state == Expected) || OrElse.Contains(state);

    /// <summary>An operation without a certain answer may take effect at any later time.</summary>
    public long LatestEffect => Result is RegisterResult.Unknown ? long.MaxValue : Returned;

    /// <summary>Tries the operation on a state; false if a client could not have been told what it was told. None is null.</summary>
    public bool TryApply(string? state, out string? next)
    {
        next = state;
        var isAllowed = Action switch
        {
            RegisterAction.Read => state == Value,
            RegisterAction.Write => true,
            RegisterAction.CompareAndSet or RegisterAction.CompareAndDelete => Accepts(state),
            RegisterAction.Create => state is null,
            RegisterAction.Delete => state is not null,
        };
        if (Action is not RegisterAction.Read && isAllowed && Result is not RegisterResult.Refused)
        {
            next = Action is RegisterAction.Delete or RegisterAction.CompareAndDelete ? null : Value;
        }

        return Result switch
        {
            RegisterResult.Done => isAllowed,
            RegisterResult.Refused => !isAllowed,
            RegisterResult.Unknown => true,
        };
    }

    public override string ToString()
    {
        var what = Action switch
        {
            RegisterAction.Read => $"read {Value ?? "none"}",
            RegisterAction.Write => $"write {Value}",
            RegisterAction.CompareAndSet => $"set {Expected} to {Value}",
            RegisterAction.Create => $"create {Value}",
            RegisterAction.Delete => "delete",
            RegisterAction.CompareAndDelete => $"delete {Expected}",
        };
        return $"{Client} [{Invoked}..{(Result is RegisterResult.Unknown ? "?" : $"{Returned}")}] {what}: {Result}";
    }
}
