using Orleans.Runtime;
using Orleans.Storage;

namespace Orleans.Raft;

/// <summary>A stored grain state.</summary>
public sealed class RaftStateRecord
{
    private readonly IGrainStorageSerializer _serializer;

    internal RaftStateRecord(GrainId grainId, string stateName, string etag, ReadOnlyMemory<byte> payload, IGrainStorageSerializer serializer)
    {
        (GrainId, StateName, ETag, Payload, _serializer) = (grainId, stateName, etag, payload, serializer);
    }

    /// <summary>Whose state it is.</summary>
    public GrainId GrainId { get; }

    /// <summary>Name of the state.</summary>
    public string StateName { get; }

    /// <summary>Its ETag.</summary>
    public string ETag { get; }

    /// <summary>The state as the provider's serializer wrote it.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    /// <summary>The state, read with the provider's serializer.</summary>
    /// <typeparam name="T">The type that the grain declares.</typeparam>
    public T? GetState<T>() => _serializer.Deserialize<T>(new BinaryData(Payload));

    /// <inheritdoc/>
    public override string ToString() => $"{GrainId} {StateName} {ETag} {Payload.Length} bytes";
}
