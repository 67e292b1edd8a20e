namespace BackedSilo;

/// <summary>A state: the number of the write that made it, and something that makes it large.</summary>
[GenerateSerializer]
public sealed record Tally([property: Id(0)] int Number, [property: Id(1)] string Filling)
{
    /// <summary>Nothing written yet.</summary>
    public Tally() : this(0, "")
    {
    }
}
