namespace Orleans.Raft.Simulation;

/// <summary>A property of Raft did not hold.</summary>
internal sealed class SimViolationException(string property, string detail) : Exception($"{property}: {detail}")
{
    public string Property { get; } = property;
}
