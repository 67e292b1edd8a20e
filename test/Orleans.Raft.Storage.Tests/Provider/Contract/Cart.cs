namespace Orleans.Raft.Storage.Tests.Provider.Contract;

/// <summary>A state to store.</summary>
[GenerateSerializer]
public sealed record Cart([property: Id(0)] string Text)
{
    public Cart() : this(string.Empty)
    {
    }
}
