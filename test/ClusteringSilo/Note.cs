namespace ClusteringSilo;

/// <summary>A state with a text.</summary>
[GenerateSerializer]
public sealed class Note
{
    [Id(0)]
    public string Text { get; set; } = "";
}
