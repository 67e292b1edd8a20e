using Orleans.Runtime;

namespace Orleans.Raft.Cluster.Tests.Provider;

/// <summary>A grain that keeps one value, whatever its key.</summary>
public interface ICell<T> : IGrain
{
    /// <summary>Its value, and whether it is stored.</summary>
    Task<(T? Value, bool IsStored, bool HasETag)> GetAsync();

    Task WriteAsync(T value);

    /// <summary>Reads it again from storage.</summary>
    Task<T?> ReloadAsync();

    Task ClearAsync();

    /// <summary>Ends this activation, so that the next call reads from storage.</summary>
    Task LeaveAsync();
}

public interface IGuidCell : ICell<int>, IGrainWithGuidKey;

public interface ILongCell : ICell<int>, IGrainWithIntegerKey;

public interface ITextCell : ICell<int>, IGrainWithStringKey;

public interface IGuidExtendedCell : ICell<int>, IGrainWithGuidCompoundKey;

public interface ILongExtendedCell : ICell<int>, IGrainWithIntegerCompoundKey;

public interface IGenericCell<T> : ICell<T>, IGrainWithIntegerKey;

/// <summary>What a cell keeps.</summary>
[GenerateSerializer]
public sealed class CellState<T>
{
    [Id(0)]
    public T? Value { get; set; }
}

public abstract class Cell<T>(IPersistentState<CellState<T>> state) : Grain, ICell<T>
{
    public Task<(T? Value, bool IsStored, bool HasETag)> GetAsync() =>
        Task.FromResult((state.State.Value, state.RecordExists, !string.IsNullOrEmpty(state.Etag)));

    public Task WriteAsync(T value)
    {
        state.State.Value = value;
        return state.WriteStateAsync();
    }

    public async Task<T?> ReloadAsync()
    {
        await state.ReadStateAsync();
        return state.State.Value;
    }

    public Task ClearAsync() => state.ClearStateAsync();

    public Task LeaveAsync()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

public sealed class GuidCell([PersistentState("cell", "deleting")] IPersistentState<CellState<int>> state) : Cell<int>(state), IGuidCell;

public sealed class LongCell([PersistentState("cell", "single")] IPersistentState<CellState<int>> state) : Cell<int>(state), ILongCell;

public sealed class TextCell([PersistentState("cell")] IPersistentState<CellState<int>> state) : Cell<int>(state), ITextCell;

public sealed class GuidExtendedCell([PersistentState("cell", "backed")] IPersistentState<CellState<int>> state) : Cell<int>(state), IGuidExtendedCell;

public sealed class LongExtendedCell([PersistentState("cell")] IPersistentState<CellState<int>> state) : Cell<int>(state), ILongExtendedCell;

public sealed class GenericCell<T>([PersistentState("cell")] IPersistentState<CellState<T>> state) : Cell<T>(state), IGenericCell<T>;
